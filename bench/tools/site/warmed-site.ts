import { mkdtemp, readFile } from "node:fs/promises";
import path from "node:path";
import { writeWeights } from "../../../scan/proxy/state.ts";
import { type Ours, startOurs } from "../../peers/ours.ts";
import type { Bench } from "../bench.ts";
import type { Contender } from "../measure/alternate.ts";
import { measureProgram } from "../measure/command.ts";
import { projectRoot } from "../paths.ts";
import { photoKeys, type SiteOptions, writeSite } from "./site.ts";
import { fillWarm, tinyTiers, weightsOf, writeTinyPhotos } from "./warm-cache.ts";

/** A site with tiny photographs, a server that has their variants, and the stored state of earlier scans. */
export interface Warmed {
  readonly site: string;
  readonly photos: string;
  readonly server: Ours;
}

/** Variants of one photograph: its tiers for each class of readers. */
export const VARIANTS = tinyTiers.widths.length * 3;

/** @param there photographs whose variants the server has. */
export async function warmedSite(
  bench: Bench,
  shape: Pick<SiteOptions, "posts" | "images" | "everySecond" | "illustrated">,
  there: (key: string) => boolean,
): Promise<Warmed> {
  const options = { ...shape, manifest: 0, hook: "ours", params: TIERS } as const;
  const folder = (name: string) => mkdtemp(path.join(bench.folder, `${name}-`));
  const [site, photos, cache] = [await folder("site"), await folder("photos"), await folder("cache")];
  const keys = photoKeys(options);
  bench.tell(`filling a cache for ${keys.length} photographs`);
  await writeSite(site, options);
  await writeTinyPhotos(photos, keys);
  const filled = keys.filter(there);
  await fillWarm(cache, photos, filled);
  await writeWeights(site, await weightsOf(filled), new Map());
  const server = await startOurs({ folder: bench.folder, photos, cache, env: { TOKEN, GC_INTERVAL: "0" } });
  return { site, photos, server };
}

/**
 * A scan with a token; `serverCpuMs` is the server's CPU time for it.
 * @param missing variants that the server must make.
 */
export function realScan(bench: Bench, { site, server }: Warmed, missing: number): Contender {
  const bin = path.join(projectRoot, "bin", "imgproxy-lite.js");
  const args = [bin, "scan", "--site", site, "--endpoint", server.url, "--token", TOKEN, "--json"];
  const program = { file: process.execPath, args, log: path.join(bench.folder, "again.log") };
  return {
    name: "imgproxy-lite scan",
    async run() {
      const before = server.cpuMs();
      const measured = await measureProgram(program);
      const { summary } = JSON.parse(await readFile(program.log, "utf8"));
      if (summary.made !== missing) throw new Error(`the scan made ${summary.made} variants, not ${missing}`);
      return { ...measured, serverCpuMs: server.cpuMs() - before };
    },
  };
}

const TOKEN = "a-token-for-the-bench-alone";
const TIERS = `  tiers = [${tinyTiers.widths.map((width) => `{width = ${width}, quality = ${tinyTiers.quality}}`).join(", ")}]\n`;
