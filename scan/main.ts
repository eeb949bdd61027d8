import { CannotRun } from "./cannot-run.ts";
import { Unanswered } from "./http.ts";
import { installedHugoMinor, parseHugoMinor } from "./hugo-version.ts";
import { type CommandLine, help, parseCommandLine } from "./options.ts";
import { createProgress, silentProgress } from "./progress.ts";
import { formatReport, reportJson } from "./report.ts";
import { type ScanOptions, scanSite } from "./scan.ts";

/**
 * `imgproxy-lite scan`.
 * @returns the exit code: 0 fine, 1 problems in the content, 2 it could not run, 130 interrupted.
 */
export async function scan(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const interrupted = new AbortController();
  const stop = () => interrupted.abort(new Interrupted());
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const command = parseCommandLine(argv, env);
    if (command.help) {
      process.stdout.write(help);
      return 0;
    }
    const result = await scanSite(await optionsOf(command, env, interrupted.signal));
    process.stdout.write(command.json ? reportJson(result) : formatReport(result));
    return result.findings.some((finding) => finding.severity === "error") ? 1 : 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    process.stderr.write(`imgproxy-lite scan: ${wordsFor(error)}\n`);
    return 2;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

class Interrupted extends Error {}

/** A bug shows where it is. */
function wordsFor(error: unknown): string {
  if (error instanceof CannotRun || error instanceof Unanswered) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function optionsOf(
  command: CommandLine,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<ScanOptions> {
  return {
    ...command,
    variables: env,
    hugoMinor: await hugoMinorOf(command),
    now: new Date(),
    signal,
    // The report goes to stdout, so that it can be piped; progress is for whoever watches.
    progress: command.json ? silentProgress : createProgress(process.stderr),
  };
}

async function hugoMinorOf({ hugoVersion }: CommandLine): Promise<number> {
  if (hugoVersion === undefined) return installedHugoMinor();
  const minor = parseHugoMinor(hugoVersion);
  if (minor === undefined)
    throw new CannotRun(`--hugo-version takes a version such as 0.111.3; it is ${hugoVersion}`);
  return minor;
}
