import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { photo } from "../../../server/test/support/pictures.ts";
import { startPod } from "../../../server/test/support/pod.ts";
import { temporaryFolder } from "../../../server/test/support/temporary-folder.ts";
import { has, machine } from "./front.ts";

test.runIf(has("systemd-analyze") && has("strace"))(
  "a server that makes every format needs no system call that the unit forbids",
  async () => {
    const folder = await temporaryFolder();
    const trace = path.join(folder, "trace");
    const photos = path.join(folder, "photos");
    execFileSync("mkdir", [photos]);
    await (await photo(320, 240)).jpeg().toFile(path.join(photos, "worms.jpg"));
    const settings = { SOURCE: photos, CACHE_DIR: path.join(folder, "cache") };
    const server = await startPod(settings, undefined, undefined, ["strace", "-f", "-qq", "-o", trace, "--"]);
    for (const format of ["avif", "webp", "jpg", "png"])
      expect((await fetch(`${server.url}?img=worms.jpg&q=40&w=200&fm=${format}`)).status).toBe(200);
    // strace ends when what it traces has ended.
    const [pid] = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, "utf8").split(" ");
    const ended = expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
    process.kill(Number(pid), "SIGTERM");
    await ended;
    const called = new Set(
      [...readFileSync(trace, "latin1").matchAll(/^\d+ +(\w+)\(/gm)].map(([, name = ""]) => name),
    );
    expect(called.size).toBeGreaterThan(40);
    const allowed = allowedCalls();
    expect([...called].filter((name) => !allowed.has(name))).toEqual([]);
  },
);

/** The unit's list, with its groups as systemd on this machine has them. */
function allowedCalls(): ReadonlySet<string> {
  const text = execFileSync("systemd-analyze", ["syscall-filter", "--no-pager"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const groups = new Map<string, string[]>();
  let group: string[] = [];
  for (const line of text.split("\n"))
    if (line.startsWith("@")) {
      group = [];
      groups.set(line.trim(), group);
    } else if (/^ +[@\w]/.test(line)) group.push(line.trim());
  const calls = (name: string): string[] =>
    name.startsWith("@") ? (groups.get(name) ?? []).flatMap(calls) : [name];
  const unit = readFileSync(path.join(machine, "imgproxy-lite.service"), "utf8");
  const [, filter = ""] = /^SystemCallFilter=(.*)$/m.exec(unit) ?? [];
  return new Set(filter.split(" ").flatMap(calls));
}
