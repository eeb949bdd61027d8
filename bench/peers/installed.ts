import { execFile } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../tools/paths.ts";

/**
 * Installs npm packages at their first use, outside the project's own dependencies: into `.cache/bench/<name>`.
 * @param program a file that is there once they are installed, below that folder.
 * @returns the folder. @throws Error without a registry.
 */
export async function installed(name: string, packages: readonly string[], program: string): Promise<string> {
  const folder = path.join(projectRoot, ".cache", "bench", name);
  await mkdir(folder, { recursive: true });
  await access(path.join(folder, program)).catch(() =>
    run("npm", ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", ...packages]),
  );
  return folder;
}

const run = promisify(execFile);
