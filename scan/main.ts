import { mkdir } from "node:fs/promises";
import path from "node:path";
import { diagnosesExitCode, formatDiagnoses } from "../contract/diagnosis.ts";
import { printableJson, printableLines } from "../contract/printable.ts";
import { CannotRun } from "./cannot-run.ts";
import { checkSite } from "./check.ts";
import { diagnoseSite } from "./doctor/doctor.ts";
import { doctorHelp } from "./doctor/help.ts";
import { checkEdge } from "./edge-check.ts";
import type { Finding } from "./findings.ts";
import { openTerminal } from "./init/ask.ts";
import { initSite } from "./init/init.ts";
import { initHelp, parseInit } from "./init/options.ts";
import { writeWhole } from "./manifest.ts";
import { moveSite } from "./move/move.ts";
import { moveHelp, parseMove } from "./move/options.ts";
import { formatMove, moveJson } from "./move/report.ts";
import { openTarget } from "./move/target/open.ts";
import { type Command, type CommandLine, help, parseCommandLine } from "./options.ts";
import { createProgress, type Progress, quietProgress } from "./progress.ts";
import { unsettledWords } from "./proxy/answers.ts";
import { Unanswered } from "./proxy/request.ts";
import { githubAnnotations, gitlabReport } from "./report/annotations.ts";
import { checkReport, edgeReport, scanReport } from "./report/contents.ts";
import { htmlReport, type Report } from "./report/html.ts";
import { checkJson, edgeJson, scanJson } from "./report/json.ts";
import { formatCheck, formatEdge, formatScan } from "./report/text.ts";
import { type ScanOptions, scanSite } from "./scan.ts";
import { environmentName } from "./site/config/environment.ts";
import { installedHugo, NEWEST_HUGO, parseHugoMinor } from "./site/hugo-version.ts";
import { watchSite } from "./watch/watch.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * `imgproxy-lite scan`.
 * @returns the exit code: 0 no problem, 1 problems in the content, 2 it could not run, 130 interrupted.
 */
export function scan(argv: readonly string[], env: Variables): Promise<number> {
  return untilInterrupted("scan", async (signal) => {
    const command = parseCommandLine(argv, env);
    if (command.help) return say(help);
    // The report goes to stdout, so that it can be piped; progress goes to stderr.
    const isQuiet = command.json || command.watch;
    const progress = isQuiet ? quietProgress(process.stderr) : createProgress(process.stderr);
    const options = await optionsOf(command, env, signal, progress);
    if (command.watch) return await watch(options);
    const outcome = await runCommand(command, options).finally(() => progress.end());
    if (command.report !== undefined)
      await writeReport(command.report, htmlReport({ ...outcome.report(), unsettled: outcome.unsettled }));
    process.stdout.write(command.json ? `${printableJson(outcome.json())}\n` : outcome.words());
    await annotate(outcome.findings, command, env);
    if (outcome.unsettled !== undefined) throw new Unanswered(outcome.unsettled);
    return outcome.findings.some((finding) => finding.severity === "error") ? 1 : 0;
  });
}

/** A watch that somebody ends has done what it shall. @returns the exit code. */
async function watch(options: ScanOptions): Promise<number> {
  await watchSite(options, (line) => process.stdout.write(`${printableLines(line)}\n`));
  return 0;
}

/**
 * `imgproxy-lite doctor` in a site.
 * @returns the exit code: 0 all is well, 1 problems, 2 it could not run, 130 interrupted.
 */
export function doctor(argv: readonly string[], env: Variables): Promise<number> {
  return untilInterrupted("doctor", async (signal) => {
    const command = parseCommandLine(argv, env, "doctor");
    if (command.help) return say(doctorHelp);
    const { hugoVersion } = command;
    const options = await optionsOf(command, env, signal, quietProgress(process.stderr));
    const found = await diagnoseSite({ ...options, ...(hugoVersion !== undefined && { hugoVersion }) });
    const secrets = [command.token, env.HUGO_IMGPROXY_KEY, env.HUGO_PARAMS_IMGPROXY_KEY].map(
      (one) => one ?? "",
    );
    say(formatDiagnoses(found, { json: command.json, secrets }));
    return diagnosesExitCode(found);
  });
}

/**
 * `imgproxy-lite init` in a site.
 * @returns the exit code: 0 done, 1 something is left to do by hand, 2 it could not run, 130 interrupted.
 */
export function init(argv: readonly string[], env: Variables): Promise<number> {
  return untilInterrupted("init", async (signal) => {
    const { site, help: asksHelp, ...command } = parseInit(argv);
    if (asksHelp) return say(initHelp);
    const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
    const hugo = await installedHugo();
    return initSite({
      ...command,
      site: {
        folder: site,
        environment: environmentName(env) ?? "production",
        variables: env,
        hugoMinor: parseHugoMinor(hugo ?? "") ?? NEWEST_HUGO,
      },
      terminal: isTerminal ? openTerminal(process, signal) : undefined,
      print: (text) => say(printableText(text)),
    });
  });
}

/**
 * `imgproxy-lite move` in a site.
 * @returns the exit code: 0 done, 1 a photograph cannot be moved because of an error, 2 it could not run, 130 interrupted.
 */
export function move(argv: readonly string[], env: Variables): Promise<number> {
  return untilInterrupted("move", async (signal) => {
    const command = parseMove(argv);
    if (command === undefined) return say(moveHelp);
    // Neither Hugo nor git gets the keys that may write.
    const variables = Object.fromEntries(
      Object.entries(env).filter(([name]) => !name.startsWith("MOVE_AWS_")),
    );
    // The AWS SDK would print six lines on an old Node.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
    const { target, folder: targetFolder } = await openTarget(command.to, env);
    const options = command.hugo.findIndex((word) => word.startsWith("-"));
    const hugo = await installedHugo(options === -1 ? command.hugo : command.hugo.slice(0, options));
    try {
      const result = await moveSite({
        ...command,
        site: {
          folder: command.site,
          environment: command.environment ?? environmentName(env) ?? "production",
          variables,
          hugoMinor: parseHugoMinor(hugo ?? "") ?? NEWEST_HUGO,
        },
        target,
        targetFolder,
        now: new Date(),
        signal,
        progress: command.json ? quietProgress(process.stderr) : createProgress(process.stderr),
      });
      say(command.json ? `${printableJson(moveJson(result))}\n` : printableText(formatMove(result)));
      return result.problems.size > 0 ? 1 : 0;
    } finally {
      await target.close();
    }
  });
}

/** Runs a command until it ends or a signal interrupts it. @returns the exit code. */
async function untilInterrupted(
  command: Command | "init" | "move",
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const interrupted = new AbortController();
  const stop = () => interrupted.abort(new Error("interrupted"));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    return await work(interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    process.stderr.write(`imgproxy-lite ${command}: ${printableLines(wordsFor(error))}\n`);
    return 2;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

// --- what to do ---

interface Outcome {
  readonly words: () => string;
  readonly json: () => object;
  readonly findings: readonly Finding[];
  readonly report: () => Report;
  /** Why the proxy did not answer everything, if so. */
  readonly unsettled?: string | undefined;
}

async function runCommand(command: CommandLine, options: ScanOptions): Promise<Outcome> {
  if (command.edge) {
    const result = await checkEdge(options);
    return {
      words: () => formatEdge(result),
      json: () => edgeJson(result),
      findings: result.findings,
      report: () => edgeReport(result),
      unsettled: result.unsettled,
    };
  }
  if (command.built !== undefined) {
    const { folder: built, compare } = command.built;
    const { ignore, rewrite } = command;
    const result = await checkSite({ ...options, built, compare, ignore, rewrite });
    const { findings } = result;
    return {
      words: () => formatCheck(result),
      json: () => checkJson(result),
      findings,
      report: () => checkReport(result),
      unsettled: unsettledWords(result),
    };
  }
  const result = await scanSite(options);
  return {
    words: () => formatScan(result),
    json: () => scanJson(result),
    findings: result.findings,
    report: () => scanReport(result),
    unsettled: unsettledWords(result),
  };
}

async function optionsOf(
  command: CommandLine,
  env: Variables,
  signal: AbortSignal,
  progress: Progress,
): Promise<ScanOptions> {
  const { site: folder, environment, endpoint, publish, ...rest } = command;
  const [site, name] = publish?.split("/") ?? [];
  const commit = commitVariables.map((name) => env[name]).find(Boolean);
  return {
    ...rest,
    pictured: command.report !== undefined,
    site: {
      folder,
      environment,
      variables: env,
      hugoMinor: await hugoMinorOf(command),
      ...(endpoint !== undefined && { endpoint }),
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(site !== undefined && name !== undefined && { publish: { site, name } }),
    ...(commit !== undefined && { commit }),
    now: new Date(),
    signal,
    progress,
  };
}

/** GitHub and Forgejo, GitLab and Woodpecker, Netlify, Cloudflare's Pages and Workers. */
const commitVariables = [
  "GITHUB_SHA",
  "CI_COMMIT_SHA",
  "COMMIT_REF",
  "CF_PAGES_COMMIT_SHA",
  "WORKERS_CI_COMMIT_SHA",
];

async function hugoMinorOf({ hugoVersion }: CommandLine): Promise<number> {
  const version = hugoVersion ?? (await installedHugo());
  if (version === undefined) return NEWEST_HUGO;
  const minor = parseHugoMinor(version);
  if (minor === undefined)
    throw new CannotRun(`--hugo-version takes a version such as 0.111.3; it is ${version}`);
  return minor;
}

// --- what to say ---

/** Texts of files have tabs. */
function printableText(text: string): string {
  return text.split("\t").map(printableLines).join("\t");
}

function say(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

/** Writes findings where the CI system shows them, beside the changed lines. */
async function annotate(findings: readonly Finding[], command: CommandLine, env: Variables): Promise<void> {
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

async function writeReport(file: string, html: string): Promise<void> {
  await mkdir(path.dirname(path.resolve(file)), { recursive: true });
  await writeWhole(file, html);
}

/** An unexpected error shows its stack. */
function wordsFor(error: unknown): string {
  if (error instanceof CannotRun || error instanceof Unanswered) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
