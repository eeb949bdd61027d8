import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { formatManifest, type Manifest, type ManifestImage } from "../contract/manifest.ts";

/** The manifest that is there; empty when there is none, or one of another schema: a scan replaces it. */
export async function readManifest(file: string): Promise<ReadonlyMap<string, ManifestImage>> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return new Map();
  try {
    const manifest: unknown = JSON.parse(text);
    if (!isObject(manifest) || manifest.schema !== 1 || !isObject(manifest.images)) return new Map();
    return new Map(
      Object.entries(manifest.images).flatMap(([key, image]) => (isImage(image) ? [[key, image]] : [])),
    );
  } catch {
    return new Map();
  }
}

/**
 * Writes it whole or not at all; an unchanged one keeps its time, so that `hugo server` does not rebuild.
 * @returns whether it changed.
 */
export async function writeManifest(file: string, manifest: Manifest): Promise<boolean> {
  const text = formatManifest(manifest);
  if ((await readFile(file, "utf8").catch(() => undefined)) === text) return false;
  await mkdir(path.dirname(file), { recursive: true });
  await writeWhole(file, text);
  return true;
}

/** Temporary file beside it, then rename: a reader sees the old one or the new one. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isImage(value: unknown): value is ManifestImage {
  return (
    isObject(value) &&
    typeof value.width === "number" &&
    typeof value.height === "number" &&
    typeof value.version === "string"
  );
}
