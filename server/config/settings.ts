import { availableParallelism } from "node:os";
import { defaultOutputLimits } from "../encode/child/choose-format.ts";
import { defaultLimits, defaultSourceBytes } from "../encode/limits.ts";
import {
  choice,
  count,
  duration,
  httpUrl,
  list,
  networks,
  path,
  port,
  prefixed,
  publishedField,
  quality,
  size,
  sourceUrl,
  text,
  toggle,
  token,
  userAndGroup,
} from "./parsers.ts";

export type Program = "serve" | "doctor" | "gc" | "health" | "score";

/** One setting: its environment variable, its flag if it has one, and the parser of its value. */
export interface Setting<T> {
  readonly name: string;
  readonly flag?: string;
  /** The default, written as an operator would write it. */
  readonly fallback: string;
  /** The default in development mode, where it is another one. */
  readonly inDev?: string;
  /** @throws Error whose message completes a sentence that begins with the setting's name: "takes a port". */
  readonly parse: (text: string) => T;
  /** One sentence for `--help` and the README. */
  readonly help: string;
  /** The programs that read it. */
  readonly for: readonly Program[];
  /** Set for a secret: the variable `<name>_FILE` may name a file with its value instead. */
  readonly secret?: "needed" | "optional";
}

/** Whether a program reads a setting: a doctor reads those of the server that it checks. */
export function isFor(setting: Setting<unknown>, program: Program): boolean {
  return setting.for.includes(program === "doctor" ? "serve" : program);
}

/** The help text of the variable `<name>_FILE`. */
export function fileHelp({ name, secret }: Setting<unknown>): string {
  const absent = secret === "optional" ? " If the file does not exist, the setting counts as not set." : "";
  return `File that contains ${name}, such as a mounted secret. It is read once, at the start.${absent}`;
}

/**
 * Every setting of `serve` and `gc`. The names have no prefix: a Kubernetes Service called imgproxy-lite injects
 * IMGPROXY_LITE_PORT=tcp://… into the pods of its namespace.
 */
export const settings = {
  port: serve("PORT", port, "5000", "Port for readers.", "port"),
  adminPort: row(
    ["serve", "gc", "health"],
    "ADMIN_PORT",
    port,
    "5001",
    "Port for /livez, /readyz and /metrics.",
    "admin-port",
  ),
  host: {
    ...both(
      "HOST",
      text,
      "::",
      "Address that both ports listen on. With --dev the default is 127.0.0.1: only this machine.",
      "host",
    ),
    inDev: "127.0.0.1",
  },
  basePath: serve("BASE_PATH", path, "/", "Path of the endpoint, where it has one: /img/.", "base-path"),
  dev: serve(
    "DEV",
    toggle,
    "off",
    "Development mode: a help page at /, failing images that say why, and timings in the Server-Timing header.",
    "dev",
  ),

  studio: {
    ...serve(
      "STUDIO",
      toggle,
      "off",
      "The Studio, a page at /_studio/ to look at the photographs and choose a quality. It asks for TOKEN. On with --dev, where this machine needs none.",
    ),
    inDev: "on",
  },

  source: serve(
    "SOURCE",
    (text) => (text === "" ? undefined : sourceUrl(text)),
    "",
    "Where the originals are: a folder, https://base/ (https://user:password@base/ logs in) or s3://bucket/prefix.",
    "source",
  ),
  sources: serve(
    "SOURCES",
    list(prefixed),
    "",
    "Several sources instead of SOURCE; the first part of a key selects one: blog=s3://b1,shop=s3://b2/photos.",
  ),
  s3Endpoint: serve(
    "S3_ENDPOINT",
    httpUrl,
    "",
    "Address of the S3 server, such as https://rgw.example:7480. Empty means AWS.",
  ),
  s3ForcePathStyle: serve(
    "S3_FORCE_PATH_STYLE",
    toggle,
    "on",
    "Puts the bucket into the path instead of the host name, as Ceph and MinIO need it.",
  ),
  awsRegion: serve(
    "AWS_REGION",
    text,
    "us-east-1",
    "Region of the bucket. Most S3 servers except AWS take any.",
  ),
  awsAccessKeyId: {
    ...serve(
      "AWS_ACCESS_KEY_ID",
      text,
      "",
      "S3 access key. If empty, the AWS SDK searches in its usual places.",
    ),
    secret: "needed",
  },
  awsSecretAccessKey: { ...serve("AWS_SECRET_ACCESS_KEY", text, "", "S3 secret key."), secret: "needed" },
  sourceCheckInterval: serve(
    "SOURCE_CHECK_INTERVAL",
    duration,
    "1s",
    "For a folder: a new, changed or deleted file is noticed after at most this time, by requests without v. 0, and in development mode: at the next request.",
  ),
  maxSourceBytes: decoding(
    "MAX_SOURCE_BYTES",
    size,
    mebibytes(defaultSourceBytes),
    "Maximum size of an original that variants are made from.",
  ),
  maxPixels: decoding(
    "MAX_PIXELS",
    count,
    String(defaultLimits.pixels),
    "Maximum pixels of an original, or of one of its frames.",
  ),
  maxSide: decoding(
    "MAX_SIDE",
    count,
    String(defaultLimits.side),
    "Maximum length of an original's longer side, in pixels.",
  ),
  maxFrames: serve(
    "MAX_FRAMES",
    count,
    String(defaultLimits.frames),
    "Maximum frames of an animation that is encoded.",
  ),
  maxAnimationPixels: serve(
    "MAX_ANIMATION_PIXELS",
    count,
    String(defaultLimits.animationPixels),
    "Maximum pixels of an animation that is encoded, all frames together.",
  ),
  passThroughBytes: serve(
    "PASS_THROUGH_BYTES",
    size,
    mebibytes(defaultLimits.passThroughBytes),
    "Maximum size of an animation that is passed on unchanged, without its metadata, because it cannot be encoded.",
  ),
  keepCopyright: serve(
    "KEEP_COPYRIGHT",
    toggle,
    "off",
    "Variants keep artist, copyright and licence. All other metadata is always removed.",
  ),

  cacheDir: both(
    "CACHE_DIR",
    text,
    ".cache/imgproxy-lite",
    "Folder of the cache. Replicas share it.",
    "cache",
  ),
  cacheMaxBytes: both("CACHE_MAX_BYTES", size, "10GiB", "Maximum bytes in the cache.", "max-bytes"),
  cacheMaxFiles: both("CACHE_MAX_FILES", count, "1000000", "Maximum files in the cache.", "max-files"),
  cacheMinFree: both("CACHE_MIN_FREE", size, "256MiB", "Bytes that stay free on the volume.", "min-free"),
  cacheMaxIdle: both(
    "CACHE_MAX_IDLE",
    duration,
    "90d",
    "Unpinned variants are deleted when they were not used for this long, and the clock of the sweeps was steady for as long.",
    "max-idle",
  ),
  gcInterval: both(
    "GC_INTERVAL",
    duration,
    "10m",
    "Time between two checks of the cache's size. 0: another process runs the GC.",
    "gc-interval",
  ),
  cacheTimeout: serve(
    "CACHE_TIMEOUT",
    duration,
    "1s",
    "Maximum wait of a reader for the cache's volume. Then the image is made without it.",
  ),
  hotCacheBytes: serve("HOT_CACHE_BYTES", size, "64MiB", "Memory for the variants that are requested most."),

  encoders: serve(
    "ENCODERS",
    count,
    String(availableParallelism()),
    "Encoder processes for readers; each makes one image at a time. While other clients use all of them, half this number is added for clients that use none.",
  ),
  warmEncoders: serve(
    "WARM_ENCODERS",
    count,
    String(availableParallelism()),
    "Encoder processes for warm-ups. They run at low priority, while no reader waits.",
  ),
  encoderMemory: decoding(
    "ENCODER_MEMORY",
    size,
    `${Math.max(1024, 192 * availableParallelism())}MiB`,
    "Maximum memory of all encoder processes together. An image that needs more than this less 224MiB is answered with 422.",
  ),
  maxAvifPixels: serve(
    "MAX_AVIF_PIXELS",
    count,
    String(defaultOutputLimits.avifPixels),
    "Maximum pixels of an AVIF. A larger image is made in the next best format; with fm=avif the answer is 422.",
  ),
  encoderUser: serve(
    "ENCODER_USER",
    userAndGroup,
    "",
    "User and group of the encoder processes, such as 65534:65534. The server must run as root, and this user must be able to read the program.",
  ),
  sourceTimeout: serve(
    "SOURCE_TIMEOUT",
    duration,
    "10s",
    "A reader gets 504 when an original takes longer to arrive. A source that sends nothing for this long counts as failed. A warm-up waits as long as data keeps coming.",
  ),
  encodeTimeout: serve(
    "ENCODE_TIMEOUT",
    duration,
    "10s",
    "An encoder that works longer for a reader is killed.",
  ),
  warmTimeout: serve(
    "WARM_TIMEOUT",
    duration,
    "60s",
    "An encoder that works longer on one image of a warm-up is killed. Time in which it waits for a CPU does not count. As long, and at least 60s, it may wait for its turn.",
  ),
  queueTimeout: serve(
    "QUEUE_TIMEOUT",
    duration,
    "6s",
    "Maximum wait of a reader's request for an encoder, for memory or for its turn at the source. Then the answer is 503; it comes at once when such a wait is to be expected.",
  ),
  queueLimit: serve(
    "QUEUE_LIMIT",
    count,
    "32",
    "Maximum queued reader requests. When the queue is full, the client with most of them gets 503.",
  ),

  variants: serve(
    "VARIANTS",
    choice("open", "listed", "signed"),
    "open",
    "Which variants are served. open: any q and w; listed: those that published sets name; signed: those whose URL is signed with one of SIGNING_KEYS.",
  ),
  signingKeys: {
    ...serve(
      "SIGNING_KEYS",
      list((key) => key),
      "",
      "Keys that URLs are signed with. During a rotation there are several.",
    ),
    secret: "optional",
  },
  token: {
    ...serve(
      "TOKEN",
      list(token),
      "",
      "Token for /api, which a publish uses. During a rotation there are two. Empty: there is no /api.",
    ),
    secret: "optional",
  },
  originals: serve(
    "ORIGINALS",
    toggle,
    "on",
    "Whether a URL with img alone gets the original as it is stored.",
  ),
  meta: serve(
    "META",
    list(publishedField),
    "",
    "Fields of a photograph's metadata in fm=json, which everyone can read; separated by commas: title,alt,creator,date. A location only if it is named, and rounded: location:10km.",
  ),
  publishedKeep: serve(
    "PUBLISHED_KEEP",
    count,
    "5",
    "Published sets that are kept of each site; the newest ones stay.",
  ),
  defaultQuality: serve("DEFAULT_QUALITY", quality, "75", "The q of URLs that have w or fm, but no q."),
  maxVariants: serve(
    "MAX_VARIANTS",
    count,
    "1000",
    "Maximum unpublished variants of one photograph in the cache. A new one replaces the least recently used.",
  ),
  coldBudget: serve(
    "COLD_BUDGET",
    count,
    "600",
    "New variants that one client may request in a minute. A variant counts once for every 100 ms of CPU that it takes. Published variants do not count.",
  ),
  reencodeBudget: serve(
    "REENCODE_BUDGET",
    count,
    "60",
    "Images that were made for a waiting reader and are made again in the background, with fewer bytes, in a minute: published ones, and others after three requests from two clients. An image counts once for every 100 ms of CPU that it takes. 0: none.",
  ),
  trustedProxies: serve(
    "TRUSTED_PROXIES",
    networks,
    "",
    "Addresses or networks of proxies whose X-Forwarded-For is trusted: 10.0.0.0/8,::1.",
  ),

  drainTimeout: serve(
    "DRAIN_TIMEOUT",
    duration,
    "20s",
    "Maximum time for running requests to finish when the server stops.",
  ),
  logLevel: both(
    "LOG_LEVEL",
    choice("debug", "info", "warn", "error", "silent"),
    "info",
    "Least severe level that is logged.",
  ),
} as const;

function mebibytes(bytes: number): string {
  return `${bytes / 2 ** 20}MiB`;
}

// --- rows ---

function serve<T>(
  name: string,
  parse: (text: string) => T,
  fallback: string,
  help: string,
  flag?: string,
): Setting<T> {
  return row(["serve"], name, parse, fallback, help, flag);
}

/** Limits of the pictures that encoders decode. */
function decoding<T>(name: string, parse: (text: string) => T, fallback: string, help: string): Setting<T> {
  return row(["serve", "score"], name, parse, fallback, help);
}

function both<T>(
  name: string,
  parse: (text: string) => T,
  fallback: string,
  help: string,
  flag?: string,
): Setting<T> {
  return row(["serve", "gc"], name, parse, fallback, help, flag);
}

function row<T>(
  programs: readonly Program[],
  name: string,
  parse: (text: string) => T,
  fallback: string,
  help: string,
  flag?: string,
): Setting<T> {
  return {
    for: programs,
    name,
    parse,
    help,
    fallback,
    ...(flag !== undefined && { flag }),
  };
}
