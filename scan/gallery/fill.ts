import type { ManifestImage } from "../../contract/manifest.ts";
import type { Finding } from "../findings.ts";
import { blameOf } from "../proxy/blame.ts";
import type { Probed } from "../proxy/probe.ts";
import { leftOutWords } from "./contents.ts";
import type { ListedGalleries } from "./list.ts";
import { orderKeys } from "./order.ts";
import { findingAt, type Galleries, onceEach } from "./placed.ts";

/**
 * The photographs of each gallery, in its order, once the server has looked at them: all of them are in the manifest.
 * @param photos answers about the keys.
 * @param images of the new manifest.
 */
export function fillGalleries(
  { galleries }: ListedGalleries,
  photos: ReadonlyMap<string, Probed>,
  images: ReadonlyMap<string, ManifestImage>,
  before: Galleries,
): { readonly galleries: Galleries; readonly findings: readonly Finding[] } {
  const filled = new Map<string, readonly string[]>();
  const findings: Finding[] = [];
  const dateOf = (key: string): string | undefined => {
    const info = photos.get(key);
    return info === undefined || "problem" in info ? undefined : info.meta?.date;
  };
  for (const { source, places, keys, isListed } of galleries) {
    const [first] = places;
    const refused = refusedPhotos(
      keys.filter((key) => !images.has(key)),
      photos,
    );
    for (const [detail, of] of refused.formats)
      findings.push(findingAt(first, "warning", leftOutWords(source.reference, of, detail)));
    for (const [key, detail] of refused.faults)
      findings.push(...places.map((place) => findingAt(place, "error", `${key}: ${detail}`)));
    // As long as it is not known which photographs there are, or in which order, the last good list is better.
    const isKnown = isListed && keys.every((key) => !isUnsettled(photos.get(key)));
    const previous = before.get(source.name);
    const list = isKnown || previous === undefined ? orderKeys(keys, source.order, dateOf) : previous;
    const shown = list.filter((key) => images.has(key));
    if (shown.length === 0 && (!isKnown || first.mayBeEmpty === true)) continue;
    // An empty list tells the templates that there is nothing to scan for.
    filled.set(source.name, shown);
    if (shown.length === 0 && keys.length > 0) {
      const words = `the gallery ${source.reference} has no photographs: the server reads none of its files`;
      findings.push(...places.map((place) => findingAt(place, "error", words)));
    }
  }
  return { galleries: filled, findings: onceEach(findings) };
}

// --- photographs ---

interface RefusedPhotos {
  /** Files in formats that the server does not read, by message. */
  readonly formats: ReadonlyMap<string, readonly string[]>;
  /** Damaged files and others that somebody must mend, with the reason. */
  readonly faults: ReadonlyMap<string, string>;
}

function refusedPhotos(keys: readonly string[], photos: ReadonlyMap<string, Probed>): RefusedPhotos {
  const formats = new Map<string, string[]>();
  const faults = new Map<string, string>();
  for (const key of keys) {
    const info = photos.get(key);
    if (info === undefined || !("problem" in info) || blameOf(info.problem.code) !== "photograph") continue;
    const { code, detail } = info.problem;
    // Deleted since the listing.
    if (code === "source-absent") continue;
    if (code === "unsupported-source") formats.set(detail, [...(formats.get(detail) ?? []), key]);
    else faults.set(key, detail);
  }
  return { formats, faults };
}

function isUnsettled(info: Probed | undefined): boolean {
  return info !== undefined && "problem" in info && blameOf(info.problem.code) !== "photograph";
}
