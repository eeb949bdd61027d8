import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runProgram, startProgram } from "../machine/processes.ts";

const never = new AbortController().signal;

function node(script: string): {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
} {
  return { name: "a script", file: process.execPath, args: ["-e", script] };
}

test("a program is ready when it says so, and ends when it is stopped", async () => {
  const program = await startProgram(
    node(
      "console.log('starting'); setTimeout(() => console.log('I am ready'), 50); setInterval(() => {}, 9e8)",
    ),
    /am ready/,
    never,
  );
  await program.stop();
  expect(await program.ended).toBe("a script ended (SIGTERM)");
});

test("what a program says when it is ready is known at once, also if it comes in two pieces", async () => {
  const script =
    "process.stdout.write('at http://127.'); setTimeout(() => console.log('0.0.1/;'), 50); setInterval(() => {}, 9e8)";
  const program = await startProgram(node(script), /at (\S+);/, never);
  onTestFinished(() => program.stop());
  expect(program.ready[1]).toBe("http://127.0.0.1/");
});

test("all output of a program is kept in a file if one is named, and a hard stop kills the program", async () => {
  const folder = await mkdtemp(join(tmpdir(), "program-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const log = join(folder, "log");
  const script = "console.log('ready'); console.error('and more'); setInterval(() => {}, 9e8)";
  const program = await startProgram({ ...node(script), log }, /ready/, never);
  await expect.poll(() => readFile(log, "utf8")).toContain("and more");
  await program.stop("SIGKILL");
  expect(await program.ended).toBe("a script ended (SIGKILL)");
});

test("the error of a program that ends before it is ready contains its output", async () => {
  const started = startProgram(node("console.error('no disk'); process.exitCode = 3"), /ready/, never);
  await expect(started).rejects.toThrow("a script ended (exit code 3):\nno disk");
});

test("a program that cannot be found is reported", async () => {
  const started = startProgram({ name: "nothing", file: "/nowhere/nothing", args: [] }, /ready/, never);
  await expect(started).rejects.toThrow("nothing cannot be run");
});

test("an interrupt ends programs that are starting and programs that are running", async () => {
  const interrupted = AbortSignal.timeout(300);
  await expect(startProgram(node("setInterval(() => {}, 9e8)"), /ready/, interrupted)).rejects.toThrow();
  await expect(runProgram(node("setInterval(() => {}, 9e8)"), AbortSignal.timeout(300))).rejects.toThrow();
});

test("the exit code of a program that ends is returned", async () => {
  expect(await runProgram(node("process.exitCode = 7"), never)).toBe(7);
});

test("nothing is started after an interrupt", async () => {
  const interrupted = AbortSignal.abort(new Error("interrupted"));
  await expect(startProgram(node("0"), /ready/, interrupted)).rejects.toThrow("interrupted");
  await expect(runProgram(node("0"), interrupted)).rejects.toThrow("interrupted");
});
