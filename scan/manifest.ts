import { chmod, mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ImageInfo } from "../contract/info.ts";
import {
  formatManifest,
  MANIFEST_SCHEMA,
  type Manifest,
  type ManifestImage,
  NewerManifest,
  parseManifest,
} from "../contract/manifest.ts";
import { type PublishedField, pickMeta } from "../contract/meta.ts";
import { CENTRE } from "../contract/url/crop.ts";
import { CannotRun } from "./cannot-run.ts";
import { readText } from "./read-text.ts";

/** The content of a manifest. */
export interface KnownPhotographs {
  /** By source key. */
  readonly images: ReadonlyMap<string, ManifestImage>;
  /** By name: the source keys in the order in which they are shown. */
  readonly galleries: ReadonlyMap<string, readonly string[]>;
}

/** The same as a file. */
export function manifestOf({ images, galleries }: KnownPhotographs): Manifest {
  return {
    schema: MANIFEST_SCHEMA,
    images: Object.fromEntries(images),
    ...(galleries.size > 0 && { galleries: Object.fromEntries(galleries) }),
  };
}

/**
 * The existing manifest; empty if there is none, or if it is damaged: a scan replaces it.
 * @throws CannotRun if it exists and cannot be read, or if a later version has written it, because its content would be lost.
 */
export async function readManifest(file: string): Promise<KnownPhotographs> {
  const said = parsed(await textOf(file));
  try {
    const { images = {}, galleries = {} } = parseManifest(said) ?? {};
    return { images: new Map(Object.entries(images)), galleries: new Map(Object.entries(galleries)) };
  } catch (error) {
    if (!(error instanceof NewerManifest)) throw error;
    throw new CannotRun(
      `the manifest ${file} ${error.message}: scan with the version that wrote it, or delete it`,
    );
  }
}

/**
 * Writes it whole or not at all. An unchanged manifest keeps its time, so that `hugo server` does not rebuild.
 * @returns whether it changed.
 */
export async function writeManifest(file: string, manifest: Manifest): Promise<boolean> {
  const text = formatManifest(manifest);
  if ((await textOf(file)) === text) return false;
  await mkdir(path.dirname(file), { recursive: true });
  await writeWhole(file, text);
  return true;
}

/**
 * What the hook knows of a photograph, from what the server says of it.
 * @param fields of its metadata that the site wants.
 * @param before its entry in the existing manifest, if the server does not tell everything: what it says of the same version is true.
 */
export function manifestImage(
  { width, height, version, color, placeholder, focus, damaged, floors = {}, meta: told }: ImageInfo,
  fields: readonly PublishedField[],
  before?: ManifestImage,
): ManifestImage {
  const known = before?.version === version ? before : undefined;
  const q = Object.keys(floors).length > 0 ? floors : known?.q;
  const meta = { ...known?.meta, ...told };
  return withFields(
    {
      width,
      height,
      version,
      ...(color !== undefined && { color }),
      ...(placeholder !== undefined && { placeholder }),
      // The centre is what a crop keeps anyway.
      ...(focus !== undefined && focus !== CENTRE && { focus }),
      ...(q !== undefined && { q }),
      ...(damaged !== undefined && { damaged }),
      meta,
    },
    fields,
  );
}

/** With no more of its metadata than the site publishes now. */
export function withFields(image: ManifestImage, fields: readonly PublishedField[]): ManifestImage {
  const { meta: all = {}, ...rest } = image;
  const meta = pickMeta(all, fields);
  return { ...rest, ...(Object.keys(meta).length > 0 && { meta }) };
}

/** The end of the names of files that are not whole. */
export const TEMPORARY = /\.\d+\.tmp$/;

/**
 * Temporary file beside it, then rename: a reader sees the old file or the new one, also after a power failure. An existing file keeps its
 * permissions.
 */
export async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  const mode = await stat(file).then(
    (before) => before.mode & 0o777,
    () => undefined,
  );
  try {
    await writeFile(temporary, text, { flush: true });
    if (mode !== undefined) await chmod(temporary, mode);
    await rename(temporary, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes new names in a folder survive a power failure, where the file system can do that for a folder. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!/^(?:EINVAL|ENOTSUP|EOPNOTSUPP|EPERM|EISDIR)$/.test(code)) throw error;
  } finally {
    await handle.close();
  }
}

// --- reading ---

/** Undefined if the file does not exist. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readText(file);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const reason = code ?? (cause instanceof Error ? cause.message : String(cause));
    throw new CannotRun(`the manifest ${file} cannot be read (${reason}); make it readable, or delete it`, {
      cause,
    });
  }
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
}
