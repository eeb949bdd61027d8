import * as v from "valibot";
import type { browserAccept } from "./accept.ts";
import { askedFormats } from "./formats.ts";
import type { ImageInfo } from "./info.ts";
import { metaField, metaFields } from "./meta.ts";
import { anObject, check, list, object, text, whole } from "./schema.ts";
import { MAX_SCORE } from "./tuning.ts";
import { type Focus, focusProblem, isFocus, isRatio, type Ratio, ratioProblem } from "./url/crop.ts";
import { keyProblem } from "./url/key.ts";
import { type ImageRequest, InvalidRequest, MAX_QUALITY, MAX_WIDTH, parseQuery } from "./url/request.ts";

/**
 * The API of a publish, and of the Studio, whose bodies and answers are in studio.ts. Every call has `Authorization: Bearer <TOKEN>`;
 * without a configured token the API does not exist, except in development mode for programs and pages of the server's own machine:
 * they may `list`, `preview`, `score`, `describe`, and read `status`, `cached`, `used` and `weights`.
 *
 * | call | body | answer |
 * | --- | --- | --- |
 * | `POST /api/probe` | {@link ProbeBody} | {@link ProbeAnswer} |
 * | `POST /api/list` | {@link ListBody} | {@link ListAnswer}: a page of the source's keys |
 * | `POST /api/preview` | {@link PreviewBody} | the variant's bytes, as a publish makes them now; they are not stored and not counted |
 * | `POST /api/score` | {@link PreviewBody} | {@link ScoreAnswer}: how much the preview looks like the original |
 * | `POST /api/describe` | {@link DescribeBody} | {@link ImageInfo}, as `fm=json`, without metadata; it is not stored |
 * | `GET /api/status` | | {@link StatusAnswer}: what this process does, and has answered lately; only with the Studio |
 * | `POST /api/cached` | {@link DescribeBody} | {@link CachedAnswer}: the photograph's variants in the cache |
 * | `POST /api/used` | {@link UsedBody} | {@link UsedAnswer}: what posts use in a folder, by the published sets |
 * | `POST /api/weights` | {@link WeightsBody} | {@link WeightsAnswer}: what the published photographs weigh, site by site |
 * | `POST /api/missing` | {@link MissingBody} | {@link MissingAnswer}: the variants that are not in the cache, at that version |
 * | `POST /api/warm` | {@link WarmBody} | one {@link WarmLine} for each variant when it is made, as `application/x-ndjson` |
 * | `PUT /api/published/<site>/<name>` | {@link PublishedBody} | 204; `cache-max-bytes` is the maximum size of the cache |
 * | `GET /api/published/<site>/<name>` | | {@link PublishedBody} |
 * | `GET /api/published/<site>` | | `{"sets": [name, …]}`, newest first |
 * | `DELETE /api/published/<site>/<name>` | | 204, also if there was none |
 * | `DELETE /api/purge?img=<source key>` | | `{"purged": <number of variants>}` |
 * | `GET /api/version` | | `{"version": "0.1.0"}`, the server's release |
 */
export const apiPaths = {
  probe: "api/probe",
  list: "api/list",
  preview: "api/preview",
  score: "api/score",
  describe: "api/describe",
  status: "api/status",
  cached: "api/cached",
  used: "api/used",
  weights: "api/weights",
  missing: "api/missing",
  warm: "api/warm",
  published: "api/published",
  purge: "api/purge",
  version: "api/version",
} as const;

/** Limits of one call; more is 400. */
export const apiLimits = { images: 500, variants: 200, publishedImages: 100_000, listed: 1_000 } as const;

/** A body that is not valid for the call; the message has the place and the expected value. */
export class InvalidBody extends Error {}

// --- probe ---

export const sourceKey = v.pipe(
  v.string("is not text"),
  v.rawCheck(({ dataset, addIssue }) => {
    const message = dataset.typed ? keyProblem(dataset.value) : undefined;
    if (message !== undefined) addIssue({ message });
  }),
);

/** How `q` of each photograph is tuned. */
const tuning = object({
  /** Whether to find the offsets with which WebP and AVIF look as its JPEG does. */
  look: v.exactOptional(v.boolean("takes true or false")),
  /** The score that the lowest `q` of each format shall reach. */
  floor: v.exactOptional(whole(1, MAX_SCORE)),
  /** Whether to answer from what has been measured before, without new work. */
  known: v.exactOptional(v.boolean("takes true or false")),
});

const probeBody = object({
  images: list(sourceKey, apiLimits.images),
  /** Whether to list the keys in the folder of a missing key, to find the one that the author meant. */
  neighbours: v.exactOptional(v.boolean("takes true or false")),
  /** The fields of each photograph's metadata that are wanted; location only if it is named. */
  meta: v.exactOptional(list(metaField, metaFields.length)),
  tune: v.exactOptional(tuning),
});
export type ProbeBody = v.InferOutput<typeof probeBody>;

/** Why one of many images or variants failed: a code of the server and a message for the author. */
export interface ApiProblem {
  readonly code: string;
  readonly detail: string;
  /** The storage's answer, if the storage is at fault: `403 InvalidObjectState`. */
  readonly storage?: string;
}

export interface ProbeProblem {
  readonly problem: ApiProblem;
  /** Keys in the folder of the missing one, if the source lists them: at most a thousand. */
  readonly neighbours?: readonly string[];
}

export interface ProbeAnswer {
  readonly images: Readonly<Record<string, ImageInfo | ProbeProblem>>;
}

/** @throws InvalidBody */
export function parseProbeBody(body: unknown): ProbeBody {
  return parse(probeBody, body);
}

// --- list ---

/** Empty, or a folder's name with its slash. */
export const folderName = v.pipe(
  v.string("is not text"),
  v.check(
    (text) => text === "" || (text.endsWith("/") && keyProblem(text) === undefined),
    "takes the name of a folder, with a slash at its end",
  ),
);

const listBody = object({
  folder: folderName,
  /** Whether the objects in its folders belong to it too. */
  deep: v.exactOptional(v.boolean("takes true or false")),
  /** `next` of the page before this one. */
  after: v.exactOptional(text(/^[^\p{Cc}]{1,8192}$/u, "takes next of a page before")),
  /** Maximum number of objects and folders on the page. */
  most: v.exactOptional(whole(1, apiLimits.listed)),
});
export type ListBody = v.InferOutput<typeof listBody>;

export interface ListAnswer {
  /** In the order of the UTF-8 bytes of the keys. `modified` is an RFC 3339 time. */
  readonly objects: readonly { readonly key: string; readonly bytes: number; readonly modified?: string }[];
  /** Folders directly below, with their slash; none in a deep listing. */
  readonly folders: readonly string[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: string;
}

/** @throws InvalidBody */
export function parseListBody(body: unknown): ListBody {
  return parse(listBody, body);
}

// --- warm and missing ---

/** Classes of readers, by the best format that they take. */
export const readers = ["avif", "webp", "none"] as const satisfies readonly (keyof typeof browserAccept)[];

/** The parameters of an image URL without its key; `accept` is the class of readers if there is no `fm`. */
export const variantSpec = v.pipe(
  anObject(),
  object({
    q: v.exactOptional(whole(1, MAX_QUALITY)),
    w: v.exactOptional(whole(1, MAX_WIDTH)),
    ar: v.exactOptional(v.custom<Ratio>(isRatio, ({ input }) => ratioProblem(input) ?? "")),
    fp: v.exactOptional(v.custom<Focus>(isFocus, ({ input }) => focusProblem(input) ?? "")),
    fm: v.exactOptional(v.picklist(askedFormats, `takes ${askedFormats.join(", ")}`)),
    accept: v.exactOptional(v.picklist(readers, `takes ${readers.join(", ")}`)),
  }),
  v.check(({ ar, fp }) => ar !== undefined || fp === undefined, "takes fp only beside ar"),
);
export type VariantSpec = v.InferOutput<typeof variantSpec>;

/** As in a manifest. */
export const sourceVersion = text(/^[0-9a-f]{10}$/, "takes the 10 hex digits of a source version");

const imageVariants = {
  img: sourceKey,
  /** The version in the page; if the bucket has another one, that is fetched. */
  v: v.exactOptional(sourceVersion),
  variants: list(variantSpec, apiLimits.variants),
};

const effort = v.exactOptional(whole(0, 9));

const warmBody = object({
  ...imageVariants,
  /** The encoder's effort, 0 (fast) to 9 (small); undefined: the server's default for warm-ups. */
  effort,
});
export type WarmBody = v.InferOutput<typeof warmBody>;

export interface WarmLine {
  readonly variant: VariantSpec;
  readonly status: "hit" | "made" | "failed";
  /** Bytes of the variant's body. */
  readonly bytes?: number;
  readonly type?: string;
  /**
   * The version that the variant was made from: another one than the body's if the photograph was replaced since the probe. Absent if it
   * failed, and from a server of an older release.
   */
  readonly v?: string;
  /** Milliseconds for this variant, 0 for a hit. */
  readonly ms: number;
  readonly problem?: ApiProblem;
}

/** @throws InvalidBody */
export function parseWarmBody(body: unknown): WarmBody {
  return parse(warmBody, body);
}

const missingImage = object(imageVariants);

const missingBody = object({
  images: list(missingImage, apiLimits.images),
  /** Variants of lower effort count as missing. */
  effort,
  /** Whether the answer has the sizes of those that are there. */
  sizes: v.exactOptional(v.boolean("takes true or false")),
});
export type MissingBody = v.InferOutput<typeof missingBody>;

const missingAnswer = object({
  images: list(
    object({
      ...imageVariants,
      there: v.exactOptional(
        list(
          object({
            variant: variantSpec,
            /** Of its body. */
            bytes: whole(0, Number.MAX_SAFE_INTEGER),
            type: v.string("takes a media type"),
          }),
          apiLimits.variants,
        ),
      ),
    }),
    apiLimits.images,
  ),
});

/** `variants` are those that are not in the cache; an image of which nothing is said is left out. */
export type MissingAnswer = v.InferOutput<typeof missingAnswer>;

/** @throws InvalidBody */
export function parseMissingAnswer(answer: unknown): MissingAnswer {
  return parse(missingAnswer, answer);
}

/** @throws InvalidBody */
export function parseMissingBody(body: unknown): MissingBody {
  return parse(missingBody, body);
}

/** One of its images. @param at its name in error messages. @throws InvalidBody */
export function parseMissingImage(image: unknown, at: string): MissingBody["images"][number] {
  return parse(missingImage, image, at);
}

// --- published sets: read piece by piece, as they may be large ---

/** The requests of a site's pages: canonical queries (without `v` and `s`) by source key. */
export interface PublishedBody {
  readonly images: Readonly<Record<string, readonly string[]>>;
  /** Seconds from now after which the set expires, for previews. */
  readonly expires?: number;
}

const queries = list(v.string("is not text"), apiLimits.variants);

/**
 * The requests for some of the keys.
 * @param images of a {@link PublishedBody}, or a part of it.
 * @throws InvalidBody
 */
export function parsePublishedImages(images: unknown): [key: string, asked: ImageRequest[]][] {
  // Not v.record: it leaves out keys such as "constructor", which a photograph may have.
  return Object.entries(parse(anObject(), images, "images")).map(([name, value]) => {
    const key = parse(sourceKey, name, "a key of images");
    const at = `images["${key}"]`;
    return [key, parse(queries, value, at).map((query, index) => queryOf(key, query, `${at}[${index}]`))];
  });
}

const expiry = whole(1, 31_536_000);

/** `expires` of a {@link PublishedBody}, in seconds. @throws InvalidBody */
export function parsePublishedExpiry(expires: unknown): number {
  return parse(expiry, expires, "expires");
}

function queryOf(key: string, query: string, at: string): ImageRequest {
  try {
    const asked = parseQuery(query);
    if (asked.key === key) return asked;
  } catch (error) {
    if (error instanceof InvalidRequest) throw new InvalidBody(`${at}: ${error.message}`);
    throw error;
  }
  throw new InvalidBody(`${at} is a query of another key`);
}

// --- faults ---

/** @param name of the value in messages; members of a body stand for themselves. @throws InvalidBody */
export function parse<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  name?: string,
): v.InferOutput<Schema> {
  const checked = check(schema, value);
  if ("value" in checked) return checked.value;
  const { place, message } = checked.fault;
  const dot = name === undefined || /^(\[|$)/.test(place) ? "" : ".";
  throw new InvalidBody(`${`${name ?? ""}${dot}${place}` || "the body"} ${message}`);
}
