import { createHash, randomBytes } from "node:crypto";
import { link, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { formatQuery } from "../../../contract/url/request.ts";
import type { ByReader, WarmResults } from "../../../scan/proxy/warm/variant.ts";
import { variantOfSpec } from "../../../server/api/specs.ts";
import type { EntryMeta, SourceRecord } from "../../../server/cache/cache.ts";
import { formatEntry, formatRecord } from "../../../server/cache/entry.ts";
import { pathParts, recordName, variantName } from "../../../server/cache/name.ts";
import { mostEffort } from "../../../server/encode/child/encoder-settings.ts";
import { LOOK } from "../../../server/encode/look.ts";
import { versionOf } from "../../../server/source/source.ts";

/** Widths of the ladder for tiny photographs, all at one quality. */
export const tinyTiers = { widths: [8, 16, 32], quality: 60 } as const;

/** A folder of photographs of 32 by 24 pixels: only their number matters. */
export async function writeTinyPhotos(folder: string, keys: readonly string[]): Promise<void> {
  const first = path.join(folder, "first.jpg");
  await writeFile(first, await tinyPhoto());
  for (const key of keys) {
    const file = path.join(folder, key);
    await mkdir(path.dirname(file), { recursive: true });
    await link(first, file);
  }
}

/**
 * A cache as the server leaves it after it has warmed every tier of tiny photographs for every class of readers.
 * @param photos the server's source folder.
 */
export async function fillWarm(cache: string, photos: string, keys: readonly string[]): Promise<void> {
  const namespace = `folder ${photos}`;
  const photo = await tinyPhoto();
  const validator = validatorOf(photo);
  const record: SourceRecord = {
    validator,
    bytes: photo.byteLength,
    type: "image/jpeg",
    width: 32,
    height: 24,
    frames: 1,
    alpha: false,
    look: LOOK,
    checked: Date.now(),
  };
  const write = async (name: string, bytes: Buffer): Promise<void> => {
    const file = path.join(cache, ...pathParts(name));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };
  for (const key of keys) {
    const name = recordName(key, namespace);
    const entries = variantsOf(key).map((variant) => {
      const own = variantName(variant, namespace);
      return write(own, formatEntry(own, entryOf(validator, variant.class)));
    });
    await Promise.all([write(name, formatRecord(name, record)), ...entries]);
  }
}

/** The state that a scan stores about them. */
export async function weightsOf(keys: readonly string[]): Promise<WarmResults> {
  const version = versionOf(validatorOf(await tinyPhoto()));
  const weight = (type: string) => ({ status: "hit", bytes: BODY_BYTES, type }) as const;
  const weights = new Map<string, ByReader>();
  for (const key of keys)
    for (const width of tinyTiers.widths)
      weights.set(formatQuery({ key, quality: tinyTiers.quality, width, version }), {
        avif: weight("image/avif"),
        webp: weight("image/webp"),
        none: weight("image/jpeg"),
      });
  return weights;
}

// --- parts ---

const BODY_BYTES = 400;

function validatorOf(photo: Buffer): string {
  return `sha256:${createHash("sha256").update(photo).digest("hex").slice(0, 32)}`;
}

function tinyPhoto(): Promise<Buffer> {
  return sharp({ create: { width: 32, height: 24, channels: 3, background: "teal" } })
    .jpeg()
    .toBuffer();
}

function variantsOf(key: string) {
  return tinyTiers.widths.flatMap((w) =>
    (["avif", "webp", "none"] as const).map((accept) =>
      variantOfSpec(key, { q: tinyTiers.quality, w, accept }, tinyTiers.quality),
    ),
  );
}

const types: Readonly<Record<string, string>> = { "auto-aw": "image/avif", "auto-w": "image/webp" };

function entryOf(validator: string, of: string) {
  const body = randomBytes(BODY_BYTES);
  const contentType = types[of] ?? "image/jpeg";
  const meta: EntryMeta = {
    validator,
    contentType,
    width: 32,
    height: 24,
    etag: '"x"',
    effort: mostEffort(contentType),
    substitute: false,
    look: LOOK,
    made: Date.now(),
  };
  return { meta, body };
}
