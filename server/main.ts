import { setFlagsFromString } from "node:v8";
import { packageVersion } from "../contract/package.ts";
import { helpText, InvalidConfig, loadConfig } from "./config/load.ts";
import { oldNode } from "./config/old-node.ts";
import { Repairable } from "./errors.ts";
import { openEncoders, sourceLimits } from "./open-encoders.ts";
import { createLog, standardOutput } from "./telemetry/log.ts";

// Loading files is most of a start, so each command loads its own.

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs the server until SIGTERM or SIGINT; returns the exit code. */
export async function serve(argv: readonly string[], env: Environment): Promise<number> {
  try {
    const { config, switches, misspelt } = loadConfig("serve", argv, env);
    if (switches.help) return say(helpText("serve"));
    collectLess();
    const log = createLog({ level: config.logLevel, destination: standardOutput() });
    const words = oldNode(process.versions.node);
    if (words !== undefined) log.info(words);
    for (const words of misspelt) log.warn(words);
    silenceSdk();
    // The first encoder starts on another core while the rest is loaded.
    const encoders = openEncoders(config, log);
    encoders.catch(() => undefined);
    const { start } = await import("./start.ts");
    const running = await start(config, log, packageVersion(), { encoders });
    await signalled("SIGTERM", "SIGINT");
    await running.stop();
    // A hung read or write keeps a process alive; everything that can be finished is finished.
    setTimeout(() => process.exit(0), 1_000).unref();
    return 0;
  } catch (error) {
    return complain(error);
  }
}

/** Checks what a server with this environment needs; returns the exit code: 0 all is well, 1 problems, 2 it could not run. */
export async function doctor(argv: readonly string[], env: Environment): Promise<number> {
  try {
    const { diagnoseServer, readServer, secretsOf } = await import("./doctor/doctor.ts");
    const { diagnosesExitCode, formatDiagnoses } = await import("../contract/diagnosis.ts");
    const read = readServer(argv, env);
    if (read.switches.help) return say(helpText("doctor"));
    silenceSdk();
    const found = await diagnoseServer(read);
    say(formatDiagnoses(found, { json: read.switches.json, secrets: secretsOf(read) }));
    // A hung volume keeps a process alive.
    setTimeout(() => process.exit(diagnosesExitCode(found)), 1_000).unref();
    return diagnosesExitCode(found);
  } catch (error) {
    return complain(error);
  }
}

/** Sweeps the cache once, or with --watch until SIGTERM or SIGINT; returns the exit code. */
export async function gc(argv: readonly string[], env: Environment): Promise<number> {
  try {
    const { config, switches } = loadConfig("gc", argv, env);
    if (switches.help) return say(helpText("gc"));
    const { startWatching, sweepOnce } = await import("./gc/command.ts");
    if (!switches.watch) return say(`${await sweepOnce(config, switches.dryRun)}\n`);
    const watching = await startWatching(config, packageVersion());
    await signalled("SIGTERM", "SIGINT");
    await watching.stop();
    return 0;
  } catch (error) {
    return complain(error);
  }
}

/** Checks whether the server on this machine is alive; returns the exit code. */
export async function health(argv: readonly string[], env: Environment): Promise<number> {
  try {
    const { config, switches } = loadConfig("health", argv, env);
    if (switches.help) return say(helpText("health"));
    const { askHealth } = await import("./http/health.ts");
    const problem = await askHealth(config.adminPort, 4_000);
    if (problem === undefined) return 0;
    process.stderr.write(`${problem}\n`);
    return 1;
  } catch (error) {
    return complain(error);
  }
}

/** Prints how much a picture looks like its original; returns the exit code. */
export async function score(argv: readonly string[], env: Environment): Promise<number> {
  try {
    const { config, switches } = loadConfig("score", argv, env);
    if (switches.help) return say(helpText("score"));
    const { createPool } = await import("./encode/pool/pool.ts");
    const { scoreFiles } = await import("./encode/score-files.ts");
    const [original = "", picture = ""] = switches.files;
    const scored = await scoreFiles(original, picture, {
      mostBytes: config.maxSourceBytes,
      pool: createPool({ memoryBytes: config.encoderMemory, limits: sourceLimits(config) }),
    });
    return say(
      switches.json ? `${JSON.stringify({ original, picture, score: scored })}\n` : `${scored.toFixed(2)}\n`,
    );
  } catch (error) {
    return complain(error);
  }
}

// --- process ---

/**
 * Bodies read from disk are outside of V8's heap but count for it, and the heap is so small that about 10 MiB of them cause a full
 * collection: eight a second, a quarter of the CPU of such hits, and pauses of 10 ms. This lets the heap grow to four times its live
 * size, about 60 MiB, before the next collection (`npm run bench -- disk memory`).
 */
function collectLess(): void {
  setFlagsFromString("--heap-growing-percent=300");
}

/** The AWS SDK would print six lines on an old Node, where the log has one sentence. */
function silenceSdk(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
}

function signalled(...signals: readonly NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    // The handlers stay: a second signal must not end the process during a response.
    for (const signal of signals) process.on(signal, () => resolve());
  });
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(error: unknown): number {
  if (error instanceof InvalidConfig) {
    process.stderr.write(
      `imgproxy-lite cannot start:\n${error.problems.map((one) => `  ${one}\n`).join("")}`,
    );
    return 2;
  }
  if (!(error instanceof Repairable)) throw error;
  process.stderr.write(`imgproxy-lite cannot ${error.what}: ${error.message}\n`);
  return 1;
}
