import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { browserAccept } from "../../../contract/accept.ts";
import { report } from "../../test/chaos/chaos.ts";
import { atFileEnd } from "../../test/support/file-end.ts";
import { photo } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { readProcessMemory } from "../memory/process-memory.ts";
import { exifBombs, lyingAvif, packedBomb, textBomb } from "./bombs.ts";
import { pngHeader } from "./png.ts";

const atEnd = atFileEnd();

const token = "the-token-of-the-test";
const MIB = 2 ** 20;
/** The smallest value that the server accepts: memory for two ordinary images. */
const LEAST = 352;

interface Server {
  readonly pod: Pod;
  readonly put: (name: string, body: Uint8Array) => Promise<void>;
  /** Status and code, or media type. */
  readonly get: (query: string) => Promise<string>;
  readonly detail: (query: string) => Promise<string>;
}

async function start(settings: Readonly<Record<string, string>>): Promise<Server> {
  const folder = await temporaryFolder(atEnd);
  const photos = join(folder, "photos");
  await mkdir(photos);
  const pod = await startPod(
    {
      SOURCE: photos,
      CACHE_DIR: join(folder, "cache"),
      GC_INTERVAL: "0",
      TOKEN: token,
      ENCODERS: "2",
      WARM_ENCODERS: "2",
      ...settings,
    },
    undefined,
    atEnd,
  );
  const ask = (query: string) => fetch(`${pod.url}?${query}`, { headers: { accept: browserAccept.avif } });
  return {
    pod,
    put: (name, body) => writeFile(join(photos, name), body),
    async get(query) {
      const response = await ask(query);
      if (response.status !== 200)
        return `${response.status} ${((await response.json()) as { code: string }).code}`;
      await response.arrayBuffer();
      return `200 ${response.headers.get("content-type")}`;
    },
    detail: async (query) => ((await (await ask(query)).json()) as { detail: string }).detail,
  };
}

/** Of all encoder children now, in bytes. */
function childrenBytes({ pid }: Pod): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  return children.reduce((sum, child) => sum + (readProcessMemory(Number(child))?.privateBytes ?? 0), 0);
}

/** Does the work, and measures the children meanwhile. @returns the peak memory of all of them together. */
async function peakDuring(pod: Pod, work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, childrenBytes(pod));
  }, 10);
  await work().finally(() => clearInterval(look));
  return peak;
}

let tight: Server;
let roomy: Server;
beforeAll(async () => {
  tight = await start({ ENCODER_MEMORY: `${LEAST}MiB` });
  roomy = await start({ ENCODER_MEMORY: "1GiB", MAX_AVIF_PIXELS: "1000000" });
});

test("a side above MAX_SIDE is refused by the header, whatever the number of pixels, and the original is served", async () => {
  const { put, get, detail, pod } = roomy;
  await put("wide.png", pngHeader(3_000_000, 33, 8, 2, 0));
  await put("tall.png", pngHeader(33, 3_000_000, 8, 2, 0));
  for (const key of ["wide.png", "tall.png"]) {
    expect(await get(`img=${key}&q=50&w=800`)).toBe("422 unreadable-source");
    expect(await detail(`img=${key}&q=50&w=800`)).toContain("the limit for a side is 65535 (MAX_SIDE)");
    expect(await get(`img=${key}`)).toBe("200 image/png");
  }
  expect(await pod.metric("imgproxy_lite_encode_failures_total", '"crash"')).toBe(0);
});

test("data beside the pixels that would unpack to gigabytes is left out, and the image is made within its memory", async () => {
  const { pod, put, get } = tight;
  const bombs: Record<string, Buffer> = {
    "ztxt.png": await textBomb("zTXt"),
    "itxt.png": await textBomb("iTXt"),
    "xmp.png": await packedBomb("iTXt"),
    "iccp.png": await packedBomb("iCCP"),
    ...Object.fromEntries(Object.entries(await exifBombs()).map(([type, bomb]) => [`exif.${type}`, bomb])),
  };
  for (const [name, bomb] of Object.entries(bombs)) {
    await put(name, bomb);
    const peak = await peakDuring(pod, async () => {
      expect([name, await get(`img=${name}&q=50&w=100&fm=webp`)]).toEqual([name, "200 image/webp"]);
      expect([name, await get(`img=${name}&fm=json`)]).toEqual([name, "200 application/json"]);
    });
    expect([name, peak < LEAST * MIB]).toEqual([name, true]);
  }
  report(
    "M1",
    `pictures that unpack to gigabytes beside their pixels (zTXt, iTXt, iCCP, EXIF), at ${LEAST} MiB for all encoders`,
    "100 % 200, within them",
  );
});

test("an original that no allowed memory can decode is refused by its header, with a message", async () => {
  const { put, get, detail } = roomy;
  await put("interlaced.png", pngHeader(10_900, 10_900, 16, 6, 1));
  expect(await get("img=interlaced.png&q=50&w=100")).toBe("422 unreadable-source");
  expect(await detail("img=interlaced.png&q=50&w=100")).toContain("ENCODER_MEMORY");
  expect(await get("img=interlaced.png")).toBe("200 image/png");
});

test("an output that never fits fails alone: smaller ones and the original are served", async () => {
  const { put, get, detail } = tight;
  await put("photo.jpg", await photo(3_600, 2_600).jpeg().toBuffer());
  for (let time = 0; time < 2; time++) {
    expect(await get("img=photo.jpg&q=100&fm=avif")).toBe("422 impossible-variant");
    expect(await get(`img=photo.jpg&q=10${time === 0 ? 0 : ""}&fm=avif&w=400`)).toBe("200 image/avif");
    expect(await get("img=photo.jpg")).toBe("200 image/jpeg");
  }
  expect(await detail("img=photo.jpg&q=100&fm=avif")).toMatch(
    /takes? \d+ MiB|\d+ MiB of memory.*\(ENCODER_MEMORY\)/,
  );
});

test("without an explicit format, a reader gets the best format that fits", async () => {
  expect(await tight.get("img=photo.jpg&q=100&w=2000")).toBe("200 image/webp");
});

test("a wrong header is caught by the hard limit: the variant fails once, and nothing else fails", async () => {
  const { pod, put, get } = tight;
  await put("lie.avif", await lyingAvif(4_000, 3_000));
  await put("sound.jpg", await photo(300, 200).jpeg().toBuffer());
  const peak = await peakDuring(pod, async () => {
    expect(await get("img=lie.avif&q=50&w=100")).toMatch(/^422 /);
    expect(await get("img=sound.jpg&q=50&w=100&fm=jpg")).toBe("200 image/jpeg");
    expect(await get("img=lie.avif")).toBe("200 image/avif");
  });
  expect(peak).toBeLessThan(LEAST * MIB);
});

test("an AVIF above MAX_AVIF_PIXELS is never made, not even in the background of a substitute", async () => {
  const { pod, put, get, detail } = roomy;
  await put("large.jpg", await photo(2_500, 2_000).jpeg().toBuffer());
  expect(await get("img=large.jpg&q=50&fm=avif")).toBe("422 impossible-variant");
  expect(await detail("img=large.jpg&q=50&fm=avif")).toContain("MAX_AVIF_PIXELS");
  const encoded = () => pod.metric("imgproxy_lite_encode_duration_seconds_count");
  const before = await encoded();
  const response = await fetch(`${pod.url}?img=large.jpg&q=50`, { headers: { accept: browserAccept.avif } });
  await response.arrayBuffer();
  expect(response.headers.get("content-type")).toBe("image/webp");
  expect(await get("img=large.jpg&q=50&w=1100")).toBe("200 image/avif");
  expect(await encoded()).toBe(before + 2);
});

test("a progressive JPEG of 108 megapixels is accepted, and variants of it that do not fit are refused with a message", async () => {
  const { put, get, detail } = roomy;
  const camera = sharp({ create: { width: 12_000, height: 9_000, channels: 3, background: "#369" } });
  await put("camera.jpg", await camera.jpeg({ progressive: true }).toBuffer());
  expect(await get("img=camera.jpg&q=50&w=800&fm=jpg")).toBe("200 image/jpeg");
  expect(await get("img=camera.jpg&q=100&fm=webp")).toBe("422 impossible-variant");
  expect(await detail("img=camera.jpg&q=100&fm=webp")).toContain("ENCODER_MEMORY");
  expect(await get("img=camera.jpg&q=50&fm=avif")).toBe("422 impossible-variant");
  expect(await get("img=camera.jpg&q=50&w=801&fm=jpg")).toBe("200 image/jpeg");
});

test("with both lanes busy, all encoders together stay within ENCODER_MEMORY, and everything is made", async () => {
  const { pod, put, get } = tight;
  for (const at of [0, 1, 2, 3])
    await put(
      `busy${at}.png`,
      await photo(1_200, 900 + at)
        .png()
        .toBuffer(),
    );
  const warm = async (at: number): Promise<string[]> => {
    const variants = [400, 800, 1_200].map((w) => ({ q: 60, w, fm: "webp" }));
    const answer = await fetch(`${pod.url}api/warm`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ img: `busy${at}.png`, variants }),
    });
    // Blank lines keep the connection open while it waits.
    const lines = (await answer.text()).split("\n").filter((line) => line !== "");
    return lines.map((line) => (JSON.parse(line) as { status: string }).status);
  };
  const results: unknown[] = [];
  const peak = await peakDuring(pod, async () => {
    const live = [0, 1, 2, 3].map((at) => get(`img=busy${at}.png&q=70&w=900&fm=jpg`));
    results.push(...(await Promise.all([...live, ...[0, 1, 2, 3].map(warm)])).flat());
  });
  expect(new Set(results)).toEqual(new Set(["200 image/jpeg", "made"]));
  expect(results).toHaveLength(4 + 12);
  expect(peak).toBeLessThan(LEAST * MIB);
  report("M2", `4 readers and 4 warm-ups at ${LEAST} MiB for all encoders`, "100 % made, within them");
});
