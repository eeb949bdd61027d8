import { execFile } from "node:child_process";
import path from "node:path";
import { CannotRun } from "../../cannot-run.ts";

/** How a site is built. */
export interface BuildCommand {
  /** Program and arguments: `hugo`, or `npx`, `hugo`, `--minify`. */
  readonly words: readonly string[];
  readonly environment: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Hugo did not build a site. The message is Hugo's. */
export class BuildFailed extends Error {}

/**
 * Builds a site into a new folder.
 * @throws BuildFailed; CannotRun if there is no such program; the signal's reason.
 */
export async function buildInto(
  folder: string,
  destination: string,
  { words, environment, variables }: BuildCommand,
  signal: AbortSignal,
): Promise<void> {
  const [program = "hugo", ...rest] = words;
  const args = [
    ...rest,
    ...(environment === undefined ? [] : ["--environment", environment]),
    ...["--destination", destination],
  ];
  const output = await new Promise<string | undefined>((resolve, reject) => {
    execFile(
      program,
      args,
      { cwd: folder, env: variables, signal, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) => {
        if (error === null) resolve(undefined);
        else if (signal.aborted) reject(signal.reason);
        else if (error.code === "ENOENT" || error.code === "EACCES")
          reject(new CannotRun(`${program} cannot be started (${error.code}): install Hugo, or give --hugo`));
        else resolve(`${stdout}\n${stderr}`);
      },
    );
  });
  if (output !== undefined) throw new BuildFailed(reasonOf(output, folder));
}

/** Hugo's lines about errors, with the names of the site's own files. */
function reasonOf(output: string, folder: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /^\s*(?:ERROR|Error)\b/.test(line));
  return (errors.length > 0 ? errors : lines)
    .slice(-5)
    .join("\n")
    .replaceAll(folder + path.sep, "");
}
