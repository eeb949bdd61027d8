import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Ran, RunOptions } from "./command.ts";

/** One process that runs the built command over and over, for tests of many sites: starting Node takes longer than a scan. */
export interface ScanProcess extends AsyncDisposable {
  /** One at a time. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
}

const main = new URL("../../dist/scan/main.js", import.meta.url);

/** Reads `{program, args, env}` by line, and answers with what the command wrote and its exit code. */
const script = `const programs = await import(${JSON.stringify(main.href)});
const { createInterface } = await import("node:readline");
const write = process.stdout.write.bind(process.stdout);
for await (const line of createInterface({ input: process.stdin })) {
  const { program, args, env } = JSON.parse(line);
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"])
    process[name].write = (text) => (written[name] += text, true);
  const code = await programs[program](args, env);
  write(JSON.stringify({ ...written, code }) + "\\n");
}`;

/** @param also folders with programs, before those of PATH. */
export function startScanProcess(...also: readonly string[]): ScanProcess {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { PATH: [...also, process.env.PATH].join(path.delimiter) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(args, { env = {}, program = "scan" } = {}) {
      child.stdin.write(`${JSON.stringify({ program, args, env: { PATH: process.env.PATH, ...env } })}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error("the scan's process has ended");
      const ran: Ran = JSON.parse(value);
      return ran;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}
