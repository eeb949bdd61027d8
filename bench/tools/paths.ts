import path from "node:path";
import { fileURLToPath } from "node:url";

const here: string = fileURLToPath(new URL(".", import.meta.url));

/** The repository, both from the build and from the sources. */
export const projectRoot: string = path.join(
  here,
  here.includes(`${path.sep}dist${path.sep}`) ? "../../.." : "../..",
);

/** A built program of the bench. */
export function builtProgram(...parts: readonly string[]): string {
  return path.join(projectRoot, "dist", "bench", ...parts, "main.js");
}
