import { mkdir } from "node:fs/promises";
import path from "node:path";
import { printableJson, printableLines } from "../../contract/printable.ts";
import type { Finding } from "../findings.ts";
import { writeWhole } from "../manifest.ts";
import { createProgress, quietProgress } from "../progress.ts";
import { unsettledWords } from "../proxy/answers.ts";
import { Unanswered } from "../proxy/request.ts";
import { githubAnnotations, gitlabReport } from "../report/annotations.ts";
import { checkReport, edgeReport, scanReport } from "../report/contents.ts";
import type { Report } from "../report/html.ts";
import { checkJson, edgeJson, scanJson } from "../report/json.ts";
import { formatCheck, formatEdge, formatScan } from "../report/text.ts";
import { type ScanOptions, scanSite } from "../scan.ts";
import { type ShownFile, shownFrom, withShownFiles } from "../site/shown-files.ts";
import { scanHelp } from "./scan-help.ts";
import { type CommandLine, parseCommandLine } from "./scan-options.ts";
import { type Asked, optionsOf } from "./site-options.ts";

/** A scan, or a check of what Hugo has built. @returns the exit code. */
export async function runScan(
  argv: readonly string[],
  env: Asked["env"],
  signal: AbortSignal,
): Promise<number> {
  const command = parseCommandLine(argv, env);
  if (command.help) {
    process.stdout.write(scanHelp);
    return 0;
  }
  // The report goes to stdout, so that it can be piped; progress goes to stderr.
  const isQuiet = command.json || command.watch;
  const progress = isQuiet ? quietProgress(process.stderr) : createProgress(process.stderr);
  const options = await optionsOf(command, { env, signal, progress });
  const shown = shownFrom(process.cwd(), command.site);
  if (command.watch) return await watch(options, shown);
  const outcome = await runCommand(command, options, shown).finally(() => progress.end());
  if (command.report !== undefined)
    await writeReport(command.report, { ...outcome.report(), unsettled: outcome.unsettled });
  process.stdout.write(command.json ? `${printableJson(outcome.json())}\n` : outcome.words());
  await annotate(outcome.findings, command, env);
  if (outcome.unsettled !== undefined) throw new Unanswered(outcome.unsettled);
  return outcome.findings.some((finding) => finding.severity === "error") ? 1 : 0;
}

/** A watch that somebody ends has done what it shall. @returns the exit code. */
async function watch(options: ScanOptions, shown: ShownFile): Promise<number> {
  const { watchSite } = await import("../watch/watch.ts");
  await watchSite(options, shown, (line) => process.stdout.write(`${printableLines(line)}\n`));
  return 0;
}

interface Outcome {
  readonly words: () => string;
  readonly json: () => object;
  readonly findings: readonly Finding[];
  readonly report: () => Report;
  /** Why the proxy did not answer everything, if so. */
  readonly unsettled?: string | undefined;
}

async function runCommand(command: CommandLine, options: ScanOptions, shown: ShownFile): Promise<Outcome> {
  if (command.edge) {
    const { checkEdge } = await import("../edge/check-edge.ts");
    const result = await checkEdge(options);
    return {
      words: () => formatEdge(withShownFiles(result, shown)),
      json: () => edgeJson(result),
      findings: result.findings,
      report: () => edgeReport(result),
      unsettled: result.unsettled,
    };
  }
  if (command.built !== undefined) {
    const { folder: built, compare } = command.built;
    const { ignore, rewrite } = command;
    const { checkSite } = await import("../check.ts");
    const result = await checkSite({ ...options, built, compare, ignore, rewrite });
    const { findings } = result;
    return {
      words: () => formatCheck(withShownFiles(result, shown)),
      json: () => checkJson(result),
      findings,
      report: () => checkReport(result),
      unsettled: unsettledWords(result),
    };
  }
  const result = await scanSite(options);
  return {
    words: () => formatScan(withShownFiles(result, shown)),
    json: () => scanJson(result),
    findings: result.findings,
    report: () => scanReport(result),
    unsettled: unsettledWords(result),
  };
}

// --- output ---

/** Writes findings where the CI system shows them, beside the changed lines. */
async function annotate(
  findings: readonly Finding[],
  command: CommandLine,
  env: Asked["env"],
): Promise<void> {
  const prefix = path.relative(env.GITHUB_WORKSPACE ?? env.CI_PROJECT_DIR ?? process.cwd(), command.site);
  const posix = prefix.split(path.sep).join("/");
  // With --json, stdout is a JSON document.
  if (env.GITHUB_ACTIONS === "true" && !command.json)
    process.stdout.write(githubAnnotations(findings, posix));
  if (env.GITLAB_CI === "true" && env.CI_PROJECT_DIR !== undefined)
    await writeWhole(
      path.join(env.CI_PROJECT_DIR, "gl-code-quality-report.json"),
      gitlabReport(findings, posix),
    );
}

async function writeReport(file: string, report: Report): Promise<void> {
  const { htmlReport } = await import("../report/html.ts");
  await mkdir(path.dirname(path.resolve(file)), { recursive: true });
  await writeWhole(file, htmlReport(report));
}
