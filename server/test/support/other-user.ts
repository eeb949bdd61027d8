import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Why no other user can run the program on this machine, as a message for the test run; undefined if one can. Only root can
 * start processes of other users, and they cannot read a clone in root's home.
 */
export function whyNoOtherUser(user: number): string | undefined {
  if (process.getuid?.() !== 0) return "not root, so no process of another user is started";
  const { status } = spawnSync(process.execPath, ["-e", "import('sharp')"], {
    cwd: root,
    uid: user,
    gid: user,
    stdio: "ignore",
    env: {},
  });
  return status === 0 ? undefined : `other users may not read ${root}, Node, or what lies on the way to them`;
}
