import { link, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ours } from "../../peers/ours.ts";
import type { Bench } from "../bench.ts";
import type { Measured } from "../measure/alternate.ts";
import { photoKey } from "./site.ts";
import { realScan, VARIANTS, type Warmed, warmedSite } from "./warmed-site.ts";

/** The cost of a scan after some posts of a site got another photograph. */
export interface Rescan {
  readonly posts: number;
  readonly changed: number;
  /** CPU of the scanner, minimum of three runs, each with other photographs. */
  readonly cpuMs: number;
  readonly serverCpuMs: number;
  /** Token of the server's API. */
  readonly calls: number;
}

/** @param changes numbers of posts to change, one after the other. */
export async function rescans(
  bench: Bench,
  posts: number,
  changes: readonly number[],
): Promise<readonly Rescan[]> {
  const warmed = await warmedSite(bench, { posts, images: 1, everySecond: false }, () => true);
  await realScan(bench, warmed, 0).run();
  const found: Rescan[] = [];
  for (const changed of changes) {
    bench.tell(`${posts} posts, ${changed} changed`);
    const runs: Measured[] = [];
    for (let run = 0; run < 3; run++) runs.push(await rescan(bench, warmed, changed));
    const least = (what: string) => Math.min(...runs.map((run) => run[what] ?? Number.NaN));
    found.push({
      posts,
      changed,
      cpuMs: least("cpuMs"),
      serverCpuMs: least("serverCpuMs"),
      calls: least("calls"),
    });
  }
  await warmed.server.stop();
  return found;
}

// --- one run ---

async function rescan(bench: Bench, warmed: Warmed, changed: number): Promise<Measured> {
  for (let post = 0; post < changed; post++) await changePost(warmed, post);
  const before = await callsOf(bench, warmed.server);
  const measured = await realScan(bench, warmed, changed * VARIANTS).run();
  return { ...measured, calls: (await callsOf(bench, warmed.server)) - before };
}

let made = 0;

/** The post shows a photograph that is new to the server. */
async function changePost({ site, photos }: Warmed, post: number): Promise<void> {
  const file = path.join(site, "content", "posts", `post-${post}.md`);
  const text = await readFile(file, "utf8");
  const key = `trips/new-${made++}.jpg`;
  await link(path.join(photos, photoKey(post)), path.join(photos, key));
  await writeFile(file, text.replace(/trips\/[a-z]+-[0-9]+\.jpg/, key));
}

/** From the server's request log, which is written a moment later: a scan with a token sends only POST and PUT. */
async function callsOf({ folder }: Bench, server: Ours): Promise<number> {
  await sleep(1_000);
  const log = await readFile(path.join(folder, `imgproxy-lite-${new URL(server.url).port}.log`), "utf8");
  return log.split("\n").filter((line) => /"method":"P(?:OS|U)T"/.test(line)).length;
}
