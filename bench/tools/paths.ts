import path from "node:path";
import { fileURLToPath } from "node:url";

const here: string = fileURLToPath(new URL(".", import.meta.url));

/** The repository, whether this file runs as built or from its sources. */
export const projectRoot: string = path.join(
  here,
  here.includes(`${path.sep}dist${path.sep}`) ? "../../.." : "../..",
);

/** A program of the bench as built. */
export function builtProgram(...parts: readonly string[]): string {
  return path.join(projectRoot, "dist", "bench", ...parts, "main.js");
}
