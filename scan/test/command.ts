import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Runs with permissions that also apply to root, which can otherwise read everything. */
  readonly permissions?: boolean;
  /** Default: `scan`. */
  readonly program?: "scan" | "doctor" | "init" | "move";
  /** A module that is loaded first, as text. */
  readonly preload?: string;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = new URL("../../dist/scan/main.js", import.meta.url);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** The built scanner in a separate process, as `bin/` starts it; without the environment variables of the test run. */
export function commandLine(args: readonly string[], options: RunOptions) {
  const script = `const programs = await import(${JSON.stringify(main.href)});
process.exitCode = await programs.${options.program ?? "scan"}(process.argv.slice(1), process.env);`;
  const first =
    options.preload === undefined
      ? []
      : ["--import", `data:text/javascript,${encodeURIComponent(options.preload)}`];
  const node = [...first, "--input-type=module", "-e", script, "--", ...args];
  const drops = options.permissions === true && process.getuid?.() === 0;
  return {
    ...(drops
      ? { file: "setpriv", args: [DROPPED, process.execPath, ...node] }
      : { file: process.execPath, args: node }),
    cwd: root,
    env: { PATH: process.env.PATH, ...options.env },
  };
}

const DROPPED = "--bounding-set=-dac_override,-dac_read_search";

export async function run(given: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { file, args, cwd, env } = commandLine(given, options);
  const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  return { code, stdout, stderr };
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}
