import { chmod, cp, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./temporary-folder.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A copy of the built program that a test can change or make unreadable; it uses the same dependencies. */
export interface ProgramCopy {
  readonly folder: string;
  readonly executable: string;
  /** The module that encoder children run. */
  readonly child: string;
}

export async function copyProgram(mode = 0o755): Promise<ProgramCopy> {
  const outer = await temporaryFolder();
  const folder = join(outer, "program");
  await mkdir(folder);
  for (const part of ["bin", "dist", "package.json"])
    await cp(join(root, part), join(folder, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await chmod(outer, 0o755);
  await chmod(folder, mode);
  return {
    folder,
    executable: join(folder, "bin/imgproxy-lite.js"),
    child: join(folder, "dist/server/encode/child/main.js"),
  };
}
