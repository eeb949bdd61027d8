import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { hugoImages } from "../../peers/hugo-images.ts";
import { startOurs } from "../../peers/ours.ts";
import type { Bench } from "../../tools/bench.ts";
import type { Measured } from "../../tools/measure/alternate.ts";
import { measureProgram } from "../../tools/measure/command.ts";
import { projectRoot } from "../../tools/paths.ts";
import type { Table } from "../../tools/result/result.ts";
import { photoKey, writeSite } from "../../tools/site/site.ts";

const WIDTHS = [480, 800, 1200];
const QUALITY = 66;

/** The same photograph, at the same sizes and in the same formats: in a build with Hugo's own processing, and with a scan. */
export async function publishTable(bench: Bench, key: string): Promise<Table> {
  const photo = path.join(bench.photos, key);
  bench.tell("publishing a photograph with Hugo's own processing, and with ours");
  const formats = ["jpg", "webp", "avif"];
  const hugo = await hugoImages({ ...bench, photo, widths: WIDTHS, formats, quality: QUALITY });
  const ours = await oursPublish(bench, photo);
  return {
    title: "Publishing one photograph",
    head: [`${WIDTHS.join(", ")} px as JPEG, WebP and AVIF`, "seconds", "CPU seconds"],
    rows: [
      rowOf("Hugo's own processing: every build without its cache", await hugo()),
      rowOf("this module: first scan", ours.scan),
      rowOf("this module: later scans", ours.again),
      rowOf("this module: the build, always", ours.build),
    ],
  };
}

function rowOf(name: string, { wallMs = Number.NaN, cpuMs = Number.NaN }: Measured): (string | number)[] {
  return [name, wallMs / 1000, cpuMs / 1000];
}

/** CPU time of a scan includes the server's. */
async function oursPublish(
  bench: Bench,
  photo: string,
): Promise<Record<"scan" | "again" | "build", Measured>> {
  const [site, photos] = [
    await mkdtemp(path.join(bench.folder, "site-")),
    await mkdtemp(path.join(bench.folder, "photos-")),
  ];
  await mkdir(path.dirname(path.join(photos, photoKey(0))), { recursive: true });
  await copyFile(photo, path.join(photos, photoKey(0)));
  const server = await startOurs({ ...bench, photos, env: { TOKEN } });
  const tiers = WIDTHS.map((width) => `{width = ${width}, quality = ${QUALITY}}`).join(", ");
  const params = `  tiers = [${tiers}]\n`;
  await writeSite(site, { posts: 1, images: 1, everySecond: false, manifest: 0, hook: "ours", params });
  const bin = path.join(projectRoot, "bin", "imgproxy-lite.js");
  const scan = async (): Promise<Measured> => {
    const before = server.cpuMs();
    const { cpuMs = 0, wallMs = 0 } = await measureProgram({
      file: process.execPath,
      args: [bin, "scan", "--site", site, "--endpoint", server.url, "--token", TOKEN],
      log: path.join(bench.folder, "scan.log"),
    });
    return { wallMs, cpuMs: cpuMs + server.cpuMs() - before };
  };
  const [first, again] = [await scan(), await scan()];
  await rm(path.join(site, "public"), { recursive: true, force: true });
  const build = await measureProgram({
    file: bench.hugo,
    args: ["--quiet", "--cacheDir", path.join(site, "cache")],
    cwd: site,
    log: path.join(bench.folder, "hugo.log"),
  });
  await server.stop();
  return { scan: first, again, build };
}

const TOKEN = "a-token-of-the-bench";
