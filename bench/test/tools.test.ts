import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { parseTemplate } from "../peers/template.ts";
import { alternate, least, median } from "../tools/measure/alternate.ts";
import { measureProgram } from "../tools/measure/command.ts";
import { cpuMsOf, privateBytesOf } from "../tools/measure/cpu.ts";
import { builtProgram } from "../tools/paths.ts";
import { drawPlot } from "../tools/result/plot.ts";
import { formatResult, meets, type Result } from "../tools/result/result.ts";

test("contenders take turns, in reverse order every other round", async () => {
  const order: string[] = [];
  const contender = (name: string) => ({
    name,
    run: async () => {
      order.push(name);
      return { value: order.length };
    },
  });
  const samples = await alternate(["a", "b", "c"].map(contender), 2);
  expect(order).toEqual(["a", "b", "c", "c", "b", "a"]);
  expect(samples.get("b")?.value).toEqual([2, 5]);
});

test("the median of an even number is between the two in the middle", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), least([3, 1, 2])]).toEqual([2, 2.5, 1]);
});

test("CPU time is that of a process and its children, running or waited for", async () => {
  const spin = (ms: number) =>
    `const end = process.cpuUsage().user + ${ms * 1000}; while (process.cpuUsage().user < end);`;
  const script = `${spin(100)} require("node:child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(spin(200))}]);
    console.log("done"); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const { pid = 0 } = child;
  const [cpu, bytes] = [cpuMsOf(pid), privateBytesOf(pid)];
  child.kill("SIGKILL");
  expect(cpu).toBeGreaterThanOrEqual(280);
  expect(bytes).toBeGreaterThan(2 ** 20);
  expect(cpuMsOf(0x7fffffff)).toBe(0);
});

test("the error of a program that fails contains its output", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "imgproxy-lite-"));
  const log = path.join(folder, "log");
  const run = (code: string) => measureProgram({ file: process.execPath, args: ["-e", code], log });
  await expect(run("console.log('no such thing'); process.exit(3)")).rejects.toThrow(
    /ended with 3:\nno such/,
  );
  expect(Object.keys(await run(""))).toEqual(["cpuMs", "wallMs", "peakBytes"]);
  expect(await readFile(log, "utf8")).toBe("");
  await rm(folder, { recursive: true });
});

test("the bundled client counts responses and failures", async () => {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    response.writeHead(request.url === "/good" ? 200 : 404, { "content-length": "70000" });
    response.end(Buffer.alloc(70_000));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const load = { url: `http://127.0.0.1:${port}`, paths: ["/good", "/bad"], connections: 4, seconds: 0.3 };
  const client = spawn(process.execPath, [builtProgram("tools", "load", "client"), JSON.stringify(load)]);
  const chunks: Buffer[] = await client.stdout.toArray();
  server.close();
  const { requests, failures } = JSON.parse(Buffer.concat(chunks).toString());
  expect(requests).toBe(asked);
  expect(failures).toBe(Math.floor(requests / 2));
});

test("another server gets requests at its own URLs, and only on this machine", () => {
  const variant = { key: "trips/a b.jpg", width: 800, quality: 55, format: "webp" };
  const { name, urlOf } = parseTemplate("other=http://127.0.0.1:8080/rs:{w}/q:{q}/{key}@{fm}");
  expect([name, urlOf(variant)]).toEqual(["other", "http://127.0.0.1:8080/rs:800/q:55/trips/a%20b.jpg@webp"]);
  expect(() => parseTemplate("other=https://images.example/{key}")).toThrow(/another machine/);
  expect(() => parseTemplate("http://127.0.0.1/")).toThrow(/--peer takes/);
});

test("a results page has the promises and whether they were kept", () => {
  const result: Result = {
    title: "Hits",
    about: "About.",
    targets: [
      { claim: "CPU", measured: 1.08, atMost: 1.1 },
      { claim: "rate", measured: 0.5, atLeast: 0.55 },
    ],
    tables: [{ title: "", head: ["server", "µs"], rows: [["ours", 12.345]] }],
    plot: { kind: "bars", unit: "µs", bars: [{ name: "a < b", value: 3 }] },
  };
  expect(result.targets.map(meets)).toEqual([true, false]);
  const page = formatResult("hits", result, new Date(0));
  expect(page).toContain("| CPU | ≤ 1.1 | 1.08 | yes |");
  expect(page).toContain("| rate | ≥ 0.55 | 0.50 | **no** |");
  expect(page).toContain("| ours | 12.3 |");
  expect(drawPlot("Hits", result.plot)).toContain("a &lt; b");
});
