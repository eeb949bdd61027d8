import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Tests run the sources, but a child is always the built program: Node 20 runs no TypeScript. */
export function encoderProgram(): string {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith(".ts")
    ? join(dirname(here), "../../../dist/server/encode/child/main.js")
    : join(dirname(here), "../child/main.js");
}
