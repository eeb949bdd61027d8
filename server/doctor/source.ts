import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { type Diagnosis, type Lines, linesOfCheck } from "../../contract/diagnosis.ts";
import { errorNumbers } from "../cache/files.ts";
import type { Config } from "../config/load.ts";
import type { SourceLocation } from "../config/parsers.ts";
import { Problem, problems } from "../errors.ts";
import { checkAtStart, FOLDER_DENIED } from "../source/check-at-start.ts";
import { NoSource, type OpenSource, openSource } from "../source/open.ts";
import { sourceName, sourceOptions, sourcePrefixes } from "../source-options.ts";
import { clockProblem } from "./clock.ts";

/** Whether each source can be read, is not writable, and agrees on the time. */
export async function diagnoseSource(config: Config): Promise<Diagnosis[]> {
  const line = linesOfCheck("source");
  try {
    const opened = await openSource({ mostBytes: config.maxSourceBytes, ...sourceOptions(config) });
    const found: Diagnosis[] = [];
    for (const prefix of sourcePrefixes(config)) {
      const location = config.source ?? config.sources.find((one) => one.prefix === prefix)?.source;
      const skew = location && (await clockProblem(location, config));
      if (skew !== undefined) found.push(linesOfCheck("clock").problem(`${sourceName(prefix)}: ${skew}`));
      found.push(...(await diagnoseOne(opened, prefix, line)));
      if (location !== undefined) found.push(...(await writable(location, prefix, line)));
    }
    return found;
  } catch (error) {
    if (error instanceof NoSource) return [line.problem(error.message)];
    throw error;
  }
}

async function diagnoseOne(
  { source, neighbours }: OpenSource,
  prefix: string,
  line: Lines,
): Promise<Diagnosis[]> {
  const name = sourceName(prefix);
  const { signal } = new AbortController();
  const words = await checkAtStart(source, prefix, signal);
  if (words !== undefined) return [line.problem(`${name}: ${words}`)];
  try {
    const [key] = await neighbours(`${prefix}x`, signal);
    if (key === undefined) return [line.note(`${name}: it answers, but has no photograph yet`)];
    const { body } = await source.open(key, signal);
    await body.read();
    body.cancel();
    return [line.ok(`${name}: ${key} can be read`)];
  } catch (error) {
    if (error instanceof Problem && error.code === "cannot-list")
      return [line.note(`${name}: it answers; no photograph was read, because it has no list of them`)];
    return [line.problem(`${name}: ${readWords(error)}`)];
  }
}

// --- words ---

function readWords(error: unknown): string {
  if (error instanceof Problem)
    return `a photograph that it lists cannot be read: ${error.message}${causeOf(error)} ${problems[error.code].remedy}`;
  if (isDenied(error)) return FOLDER_DENIED;
  return `its photographs cannot be listed: ${error instanceof Error ? error.message : String(error)}`;
}

function isDenied(error: unknown): boolean {
  const { code } = errorNumbers(error);
  return code === "EACCES" || code === "EPERM";
}

/** ` (connect ECONNREFUSED 127.0.0.1:9000)` */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message !== "" ? ` (${cause.message})` : "";
}

/** A server never writes into its source: with a read-only one, a fault in it cannot harm the originals. */
async function writable(location: SourceLocation, prefix: string, line: Lines): Promise<Diagnosis[]> {
  if (location.kind !== "folder") return [];
  const isWritable = await access(resolve(location.path), constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) return [];
  return [
    line.note(
      `${sourceName(prefix)}: the server may write into the folder of originals, which it never needs: mount it read-only, such as with ":ro"`,
    ),
  ];
}
