import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** vitest's global setup: tests start the built program (encoder children, the executable). */
export function setup(): void {
  const root = fileURLToPath(new URL("..", import.meta.url));
  execFileSync("npm", ["run", "-s", "build"], { cwd: root, stdio: "inherit" });
}
