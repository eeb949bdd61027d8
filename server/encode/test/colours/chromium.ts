import { readFile, rename, writeFile } from "node:fs/promises";
import { chromium, type Page } from "playwright-core";
import { sniff } from "../../../formats/sniff.ts";
import { colourCases } from "./cases.ts";
import { coloursOf } from "./patches.ts";

/** What a browser shows on a screen of sRGB, by the name of the original: the colours of the patches. */
interface Table {
  readonly browser: string;
  readonly shown: Readonly<Record<string, string>>;
}

const file = new URL("chromium.json", import.meta.url);

export async function readTable(): Promise<Table> {
  return JSON.parse(await readFile(file, "utf8"));
}

/** Writes the table. @throws Error if the browser does not show one of the originals. */
export async function recordTable(): Promise<void> {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--force-color-profile=srgb"],
  });
  try {
    const page = await browser.newPage();
    const shown: Record<string, string> = {};
    for (const [name, make] of Object.entries(colourCases)) shown[name] = await showIn(page, await make());
    const table: Table = { browser: `Chromium ${browser.version()}`, shown };
    await writeFile(`${file.pathname}.part`, `${JSON.stringify(table, undefined, 2)}\n`);
    await rename(`${file.pathname}.part`, file);
  } finally {
    await browser.close();
  }
}

async function showIn(page: Page, original: Buffer): Promise<string> {
  const url = `data:${sniff(original).type};base64,${original.toString("base64")}`;
  const pixels = await page.evaluate<number[]>(`(async () => {
    const image = Object.assign(new Image(), { src: "${url}" });
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d", { colorSpace: "srgb" });
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
  })()`);
  return coloursOf(Uint8Array.from(pixels), 4).join(" ");
}
