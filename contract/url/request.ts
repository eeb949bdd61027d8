import { askedFormats, type Format } from "../formats.ts";
import { type Focus, focusProblem, isFocus, isRatio, type Ratio, ratioProblem } from "./crop.ts";
import { decodeOnce, queryEscape } from "./escape.ts";
import { keyProblem } from "./key.ts";

export const MAX_QUALITY = 100;
export const MAX_WIDTH = 3840;

/** One parsed image URL. Without `quality`, `width`, `ratio` and `format` it requests the original. */
export interface ImageRequest {
  readonly key: string;
  /** The ratio of the crop. */
  readonly ratio?: Ratio;
  /** Only with a `ratio`. */
  readonly focus?: Focus;
  readonly quality?: number;
  readonly width?: number;
  readonly format?: Format | "json";
  readonly version?: string;
  readonly signature?: string;
}

export type Parameter = "img" | "q" | "w" | "ar" | "fp" | "fm" | "v" | "s";

/** What each parameter takes and means, for the documentation. */
export const parameterHelp = {
  img: {
    takes: "a source key",
    meaning: "The photograph. Without other parameters, or only with `v`: the original as it is stored.",
  },
  q: {
    takes: `1 to ${MAX_QUALITY}`,
    meaning:
      "Quality on JPEG's scale. Every format looks like a JPEG of this quality. Default: `DEFAULT_QUALITY`.",
  },
  w: { takes: `1 to ${MAX_WIDTH}`, meaning: "Width in pixels. A photograph is never enlarged." },
  ar: {
    takes: "`1:5` to `5:1`",
    meaning:
      "Ratio in lowest terms, such as `40:21`. The photograph is cropped to it. With `w`, the height is `w` divided by the ratio.",
  },
  fp: {
    takes: "`0,0` to `100,100`",
    meaning:
      "Focus point, in percent from the left and the top: the crop is centred on it as far as possible. Only with `ar`. Default: the photograph's own focus, or its centre.",
  },
  fm: {
    takes: ["auto", ...askedFormats, "json"].map((format) => `\`${format}\``).join(" "),
    meaning:
      "Format. `auto`, the default, is the best that the browser accepts; instead of WebP, a JPEG where it is smaller. `json` describes the photograph.",
  },
  v: {
    takes: "10 hex digits",
    meaning: "Version of the photograph when the page was built. Caches may keep the response for a year.",
  },
  s: { takes: "32 hex digits", meaning: "The signature, if the server has `VARIANTS=signed`." },
} as const satisfies Readonly<Record<Parameter, { readonly takes: string; readonly meaning: string }>>;

/** A URL that names no image: the wrong parameter, and a message for the reader. */
export class InvalidRequest extends Error {
  readonly parameter: Parameter;

  constructor(parameter: Parameter, message: string) {
    super(message);
    this.parameter = parameter;
  }
}

/**
 * Parses a raw query string (without its `?`). Unknown parameters are ignored: trackers add them.
 * @throws InvalidRequest for a missing, malformed or repeated known parameter.
 */
export function parseQuery(query: string): ImageRequest {
  const values = readParameters(query);
  const key = values.get("img");
  if (key === undefined)
    throw new InvalidRequest("img", "img is missing; ask for /?img=<source key>&q=<1..100>");
  const problem = keyProblem(key);
  if (problem !== undefined) throw new InvalidRequest("img", `img ${problem}`);
  return {
    key,
    ...parseCrop(values.get("ar"), values.get("fp")),
    ...optional("quality", parseInteger("q", values.get("q"), MAX_QUALITY)),
    ...optional("width", parseInteger("w", values.get("w"), MAX_WIDTH)),
    ...optional("format", parseFormat(values.get("fm"))),
    ...optional("version", parseVersion(values.get("v"))),
    ...optional("signature", values.get("s")),
  };
}

/** The canonical query: keys sorted, values escaped as by Hugo's `querify`, no defaults. */
export function formatQuery(request: ImageRequest): string {
  return queryOf(request, request.signature, request.version);
}

/** The canonical query without version and signature, as a published set has it. */
export function formatPublished(request: ImageRequest): string {
  return queryOf(request, undefined, undefined);
}

/** Whether the URL requests the object as it is stored. */
export function isOriginal(request: ImageRequest): boolean {
  const { quality, width, ratio, format } = request;
  return quality === undefined && width === undefined && ratio === undefined && format === undefined;
}

// --- parameters ---

function queryOf(
  { focus, format, key, quality, ratio, width }: ImageRequest,
  signature: string | undefined,
  version: string | undefined,
): string {
  let query = ratio === undefined ? "" : `ar=${queryEscape(ratio)}&`;
  if (format !== undefined) query += `fm=${format}&`;
  if (focus !== undefined) query += `fp=${queryEscape(focus)}&`;
  query += `img=${queryEscape(key)}`;
  if (quality !== undefined) query += `&q=${quality}`;
  if (signature !== undefined) query += `&s=${queryEscape(signature)}`;
  if (version !== undefined) query += `&v=${queryEscape(version)}`;
  return width === undefined ? query : `${query}&w=${width}`;
}

const known: ReadonlySet<string> = new Set<Parameter>(["img", "q", "w", "ar", "fp", "fm", "v", "s"]);

function readParameters(query: string): Map<Parameter, string> {
  const values = new Map<Parameter, string>();
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const sent = equals === -1 ? pair : pair.slice(0, equals);
    // `%71=40` is another spelling of `q=40` (RFC 3986 §6.2.2.2), and a CDN may use one as the other's cache key.
    const name = sent.includes("%") ? decodeOnce(sent.slice(0, 64)) : sent;
    if (!isKnown(name)) {
      refuseEscaped(sent, pair);
      continue;
    }
    // Caches and proxies choose different ones of two values, so both are refused.
    if (values.has(name)) throw new InvalidRequest(name, `${name} is given twice`);
    values.set(name, decodeValue(name, equals === -1 ? "" : pair.slice(equals + 1)));
  }
  return values;
}

/**
 * `&amp;q=40` is from a URL that was escaped for HTML twice. If it were ignored as unknown, the answer would be the original, which
 * contains the GPS position.
 */
function refuseEscaped(name: string, pair: string): void {
  // Limited length: names that trackers add can be long.
  const [, known = ""] =
    /^(?:(?:amp|#0*38|#x0*26)(?:;|%3b))+([a-z]+)(?:%3d.*)?$/i.exec(decodeEscapes(name.slice(0, 64))) ?? [];
  if (!isKnown(known)) return;
  throw new InvalidRequest(
    known,
    `the URL has "&${pair.slice(0, 64)}", escaped for HTML twice; it takes "&${known}=…"`,
  );
}

/** Decodes up to two layers of percent-encoding: the name may be `amp%3Bq` or `amp%253Bq`. */
function decodeEscapes(name: string): string {
  return name.replace(/%25/g, "%").replace(/%23/g, "#").replace(/%26/g, "&").replace(/&/g, "");
}

function isKnown(name: string): name is Parameter {
  return known.has(name);
}

/** Unlike in a Markdown destination, escapes that are not UTF-8 are refused: S3 keys are UTF-8. */
function decodeValue(name: Parameter, value: string): string {
  try {
    return decodeURIComponent(value.replaceAll("+", " ").replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  } catch {
    throw new InvalidRequest(name, `${name} is not valid UTF-8`);
  }
}

function parseInteger(name: "q" | "w", text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= most)) throw new InvalidRequest(name, `${name} takes a whole number from 1 to ${most}`);
  return value;
}

function parseCrop(ar: string | undefined, fp: string | undefined): Pick<ImageRequest, "ratio" | "focus"> {
  if (ar === undefined && fp === undefined) return {};
  if (ar === undefined) throw new InvalidRequest("fp", "fp needs ar, the ratio of the crop");
  if (!isRatio(ar)) throw new InvalidRequest("ar", `ar ${ratioProblem(ar)}`);
  if (fp === undefined) return { ratio: ar };
  if (!isFocus(fp)) throw new InvalidRequest("fp", `fp ${focusProblem(fp)}`);
  return { ratio: ar, focus: fp };
}

function parseFormat(text: string | undefined): Format | "json" | undefined {
  if (text === undefined || text === "auto") return undefined;
  const format = [...askedFormats, "json" as const].find((known) => known === text);
  if (format === undefined)
    throw new InvalidRequest("fm", `fm takes auto, ${askedFormats.join(", ")} or json`);
  return format;
}

function parseVersion(text: string | undefined): string | undefined {
  if (text === undefined || /^[0-9a-f]{10}$/.test(text)) return text;
  throw new InvalidRequest("v", "v takes the 10 hex digits of a source version; the manifest has them");
}

/** A property that exists only if it has a value, as exactOptionalPropertyTypes requires. */
function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [name in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [name in Name]: Value });
}
