import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";

/** The second judge: distance of a picture from its original, 0 if no pixel differs. */
export type Butteraugli = (original: Uint8Array, picture: Uint8Array) => Promise<number>;

const run = promisify(execFile);

/**
 * Butteraugli's 3-norm by libjxl's own program, `butteraugli_main` of Debian's libjxl-devtools.
 * @param folder for the two files, as PNG.
 * @throws Error if it is not installed.
 */
export async function openButteraugli(folder: string): Promise<Butteraugli> {
  await run(PROGRAM).catch((error: { code?: unknown }) => {
    // Without arguments it says how it is used, and fails.
    if (typeof error.code !== "number")
      throw new Error("butteraugli_main is not installed: apt-get install libjxl-devtools");
  });
  let last = 0;
  return async (original, picture) => {
    last += 1;
    const files = [original, picture].map((_, at) => path.join(folder, `butteraugli-${last}-${at}.png`));
    const [first = "", second = ""] = files;
    await writeFile(first, await asPng(original));
    await writeFile(second, await asPng(picture));
    try {
      const { stdout } = await run(PROGRAM, [first, second, "--pnorm", "3"]);
      const distance = Number(/^3-norm: ([0-9.]+)$/m.exec(stdout)?.[1]);
      if (!Number.isFinite(distance)) throw new Error(`butteraugli_main printed: ${stdout}`);
      return distance;
    } finally {
      for (const file of files) await rm(file, { force: true });
    }
  };
}

const PROGRAM = "butteraugli_main";

function asPng(body: Uint8Array): Promise<Buffer> {
  return sharp(body).toColourspace("srgb").png({ compressionLevel: 1 }).toBuffer();
}
