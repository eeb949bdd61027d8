import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { createLog, type Log, type LogLevel, type RequestLine } from "../log.ts";
import { readableLines } from "../log-pretty.ts";

const hit: RequestLine = {
  id: "r1",
  method: "GET",
  status: 200,
  cache: "hit",
  bytes: 34_120,
  ms: { total: 1.2345, cache: 0.8 },
  key: "trips/worms.jpg",
  variant: "800 q55 auto-aw",
};

test("a request is one line of JSON with all its fields", () => {
  const [line] = written("info", (log) => logRequest(log, hit));
  expect(JSON.parse(line ?? "")).toEqual({
    ...hit,
    level: "info",
    msg: "request",
    ms: { total: 1.2, cache: 0.8 },
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  });
});

test("refusals are information, failures a warning, an unknown failure an error", () => {
  const levels = [200, 404, 429, 502, 503, 500].map((status) => {
    const [line] = written("debug", (log) => logRequest(log, { ...hit, status }));
    return JSON.parse(line ?? "").level;
  });
  expect(levels).toEqual(["info", "info", "info", "warn", "warn", "error"]);
});

test("LOG_LEVEL=warn leaves out successful requests", () => {
  expect(written("warn", (log) => logRequest(log, hit))).toEqual([]);
  expect(written("silent", (log) => log.error("broken"))).toEqual([]);
});

test("the log has the causes of an error and none of its other properties", () => {
  const cause = Object.assign(new Error("connect refused"), {
    code: "ECONNREFUSED",
    $response: { headers: { authorization: "AWS4-HMAC-SHA256 secret" } },
  });
  const error = new Error("no original", { cause });
  const [line = ""] = written("info", (log) => log.warn("fetch failed", { error }));
  expect(JSON.parse(line).error).toMatchObject({
    message: "no original",
    stack: expect.stringContaining("log.test.ts"),
    cause: { message: "connect refused", code: "ECONNREFUSED" },
  });
  expect(line).not.toContain("secret");
});

test("an error that is its own cause is logged once", () => {
  const error = new Error("round");
  error.cause = error;
  expect(written("info", (log) => log.warn("odd", { error }))).toHaveLength(1);
});

test("a key with line breaks is logged on one line of JSON", () => {
  expect(written("info", (log) => logRequest(log, { ...hit, key: 'a\r\n{"level":"error"}' }))).toHaveLength(
    1,
  );
});

test("on a terminal a request is a readable line", () => {
  const [line] = readableWritten((log) => logRequest(log, hit));
  expect(line).toMatch(
    /^[\d:]{8} 200 hit +34\.1 kB +1\.2 ms +trips\/worms\.jpg 800 q55 auto-aw cache=0\.8\n$/,
  );
});

test("on a terminal a key cannot move the cursor, forge a line or change the writing direction", () => {
  const [line = ""] = readableWritten((log) => logRequest(log, { ...hit, key: "\u001b[2J\u202e\r.jpg" }));
  expect(line).toContain("\\u{1b}[2J\\u{202e}\\u{d}.jpg");
  const [forged = ""] = readableWritten((log) => logRequest(log, { ...hit, key: "a\n12:00:00 200 hit" }));
  expect(forged.trimEnd().split("\n")).toHaveLength(1);
});

test("on a terminal an error is its message and its causes", () => {
  const error = new Error("no original", { cause: new Error("refused") });
  const [line] = readableWritten((log) => log.warn("fetch failed", { error, tries: 2 }));
  expect(line).toMatch(/warn: fetch failed tries=2\n {2}Error: no original\n {2}Error: refused\n$/);
});

test("the lines of one response differ only in their request, and escape the key", () => {
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const { id: _, ms: __, ...answer } = { ...hit, key: 'a"\\\r\n.jpg', contentType: "image/avif" };
  const lines = written("info", (log) => {
    const write = log.request(answer);
    write("r1", { total: 0.25 }, undefined);
    write("r2", { total: 3, cache: 1, source: 0.5, queue: 0, encode: 1.44 }, trace);
  });
  const same = { ...answer, level: "info", msg: "request", time: expect.any(String) };
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { ...same, id: "r1", ms: { total: 0.3 } },
    { ...same, id: "r2", ms: { total: 3, cache: 1, source: 0.5, queue: 0, encode: 1.4 }, trace },
  ]);
});

test("fields that cannot be JSON are left out of the line, and the request does not fail", () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const lines = written("info", (log) => {
    log.warn("odd", { loop });
    log.warn("large", { bytes: 2n ** 60n, nested: { error: new Error("inside") } });
    log.request({ ...hit, error: loop })("r1", hit.ms, undefined);
  }).map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { level: "warn", msg: "odd", unwritable: expect.stringContaining("circular") },
    { level: "warn", msg: "large", bytes: "1152921504606846976", nested: { error: { message: "inside" } } },
    { level: "info", msg: "request", id: "r1", error: "[object Object]" },
  ]);
});

test.each([
  ["ends", ""],
  ["exits", "process.exit(0);"],
  ["dies of an error that nobody caught", 'throw new Error("a bug");'],
])("collected lines are written when the process %s, in order except for one write", (_, end) => {
  const log = fileURLToPath(new URL("../../../dist/server/telemetry/log.js", import.meta.url));
  const program = `import { createLog, standardOutput } from ${JSON.stringify(log)};
    const log = createLog({ level: "info", destination: standardOutput() });
    for (let count = 0; count < 1000; count++) log.info("line", { count });
    ${end}`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  const counts = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).count);
  // Only a write that a thread has started when the process exits can end after the writes of the exit.
  const first = counts.indexOf(0);
  expect([...counts.slice(first), ...counts.slice(0, first)]).toEqual(
    Array.from({ length: 1000 }, (_, count) => count),
  );
});

test.each([
  ["has gone before the first line", goneReader, 0],
  ["has gone", goneReader, 20_000],
  ["is a full disk", fullDisk, 20_000],
  ["stands still", stillReader, 20_000],
])("a process whose log reader %s continues, and exits on a signal", async (_, reader, lines) => {
  const log = fileURLToPath(new URL("../../../dist/server/telemetry/log.js", import.meta.url));
  const program = `import { createLog, standardOutput } from ${JSON.stringify(log)};
    const log = createLog({ level: "info", destination: standardOutput() });
    process.on("message", () => {
      for (let line = 0; line < ${lines}; line++) log.info("x".repeat(1_000));
      setTimeout(() => {
        log.info("the last one");
        process.send("alive", () => process.disconnect());
      }, 300);
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", await reader(), "inherit", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdout?.destroy();
  child.send("begin");
  expect(await once(child, "message")).toEqual(["alive", undefined]);
  expect(await once(child, "exit")).toEqual([0, null]);
});

test.skipIf(!existsSync("/usr/bin/script"))(
  "a process whose terminal closes goes on, although nothing can be written there any more",
  async () => {
    const log = fileURLToPath(new URL("../../../dist/server/telemetry/log.js", import.meta.url));
    const folder = await temporaryFolder();
    const [program, end] = [join(folder, "program.mjs"), join(folder, "end")];
    await writeFile(
      program,
      `import { writeFileSync } from "node:fs";
      import { createLog, standardOutput } from ${JSON.stringify(log)};
      const log = createLog({ level: "info", destination: standardOutput() });
      const stay = setInterval(() => undefined, 1_000);
      process.on("SIGHUP", () => {
        clearInterval(stay);
        log.info("nobody reads this");
        setTimeout(() => writeFileSync(${JSON.stringify(end)}, "alive"), 500);
      });
      log.info("ready");`,
    );
    const terminal = spawn("/usr/bin/script", ["-qec", `"${process.execPath}" "${program}"`, "/dev/null"]);
    onTestFinished(() => void terminal.kill("SIGKILL"));
    await once(terminal.stdout, "data");
    terminal.kill("SIGKILL");
    await expect.poll(() => readFile(end, "utf8").catch(() => "")).toBe("alive");
  },
);

async function goneReader(): Promise<"pipe"> {
  return "pipe";
}

async function fullDisk(): Promise<number> {
  const full = await open("/dev/full", "w");
  onTestFinished(() => full.close());
  return full.fd;
}

/** A connection, as a non-blocking pipe, whose other end reads nothing. */
async function stillReader(): Promise<Socket> {
  const server = createServer((socket) => socket.pause());
  server.listen(join(await temporaryFolder(), "log"));
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const socket = connect(String(server.address()));
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

test("lines that nobody reads use at most 16 MiB, and dropped lines are counted", async () => {
  const log = fileURLToPath(new URL("../../../dist/server/telemetry/log.js", import.meta.url));
  const program = `import { createLog, standardOutput } from ${JSON.stringify(log)};
    const log = createLog({ level: "info", destination: standardOutput() });
    const rss = process.memoryUsage.rss();
    for (let batch = 0; batch < 16; batch++) {
      for (let line = 0; line < 10_000; line++) log.info("x".repeat(1_000));
      await new Promise((resolve) => setImmediate(resolve));
      // How much garbage there may be is V8's choice, and not the same in each Node.
      gc();
    }
    process.send(process.memoryUsage.rss() - rss);
    process.on("message", () => log.info("after"));`;
  const child = spawn(process.execPath, ["--expose-gc", "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  onTestFinished(() => void child.kill());
  const [grown] = await once(child, "message");
  // 170 MB were logged; a heap also has the garbage of one batch.
  expect(grown).toBeLessThan(100 * 2 ** 20);
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  const dropped = (): { lines: number; level: string }[] =>
    text
      .split("\n")
      .slice(0, -1)
      .filter((line) => line.includes("log lines dropped"))
      .map((line) => JSON.parse(line));
  const written = (): number => text.split("\n").filter((line) => line.includes("xxx")).length;
  // Each line was either written or counted.
  await expect.poll(() => dropped().reduce((sum, { lines }) => sum + lines, written())).toBe(160_000);
  expect(new Set(dropped().map(({ level }) => level))).toEqual(new Set(["warn"]));
  // And logging continues.
  child.send("go on");
  await expect.poll(() => text).toContain('"after"');
});

type Use = (log: Log) => void;

function logRequest(log: Log, { id, ms, trace, ...answer }: RequestLine): void {
  log.request(answer)(id, ms, trace);
}

function written(level: LogLevel, use: Use): string[] {
  const lines: string[] = [];
  use(createLog({ level, destination: { write: (line) => lines.push(line) } }));
  return lines;
}

function readableWritten(use: Use): string[] {
  const lines: string[] = [];
  use(createLog({ level: "info", destination: readableLines((text) => lines.push(text)) }));
  return lines;
}
