import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Why this machine lets no other user run the program where it lies, in words for who runs the tests; undefined where one
 * can. Only root starts processes of others, and a clone in root's home is shut to them.
 */
export function whyNoOtherUser(user: number): string | undefined {
  if (process.getuid?.() !== 0) return "not root, so no process of another user is started";
  const { status } = spawnSync(process.execPath, ["-e", "import('sharp')"], {
    ...{ cwd: root, uid: user, gid: user, stdio: "ignore", env: {} },
  });
  return status === 0 ? undefined : `other users may not read ${root}, Node, or what lies on the way to them`;
}
