import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** vitest's global setup: what tests spawn (encoder children, the executable) is the built program. */
export function setup(): void {
  const root = fileURLToPath(new URL("..", import.meta.url));
  execFileSync("npm", ["run", "-s", "build"], { cwd: root, stdio: "inherit" });
}
