import { availableParallelism } from "node:os";
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
  quality,
  size,
  sourceUrl,
  text,
  toggle,
  token,
  userAndGroup,
} from "./parsers.ts";

export type Program = "serve" | "gc" | "health";

/** One setting: a variable of the environment, perhaps a flag, and what becomes of its text. */
export interface Setting<T> {
  readonly name: string;
  readonly flag?: string;
  /** As text, as someone would set it. */
  readonly fallback: string;
  /** @throws Error that says what the setting takes, to follow its name. */
  readonly parse: (text: string) => T;
  /** One sentence for `--help` and the README. */
  readonly help: string;
  /** Which programs read it. */
  readonly for: readonly Program[];
  /** Of a secret: it may be a file, named by the variable of this name with `_FILE` behind it. */
  readonly secret?: "needed" | "optional";
}

/** What is said of the variable that names a secret's file. */
export function fileHelp({ name, secret }: Setting<unknown>): string {
  const absent = secret === "optional" ? "; one that is not in its folder counts as not set" : "";
  return `File that has ${name}, such as a mounted secret, read once at the start${absent}.`;
}

/**
 * Every setting of `serve` and `gc`. The names have no prefix of their own: a Kubernetes Service called imgproxy-lite
 * would inject IMGPROXY_LITE_PORT=tcp://… into the pods of its namespace.
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
  host: both("HOST", text, "::", "Address that both ports listen on.", "host"),
  basePath: serve("BASE_PATH", path, "/", "Path of the endpoint, where it has one: /img/.", "base-path"),
  dev: serve(
    "DEV",
    toggle,
    "off",
    "Shows a page of help at /, and in Server-Timing where the time went.",
    "dev",
  ),

  source: serve(
    "SOURCE",
    (text) => (text === "" ? undefined : sourceUrl(text)),
    "",
    "Where photographs are: a folder, https://base/ (https://user:password@base/ logs in) or s3://bucket/prefix.",
    "source",
  ),
  sources: serve(
    "SOURCES",
    list(prefixed),
    "",
    "Several sources by the start of the key, instead of SOURCE: blog=s3://b1,shop=s3://b2/photos.",
  ),
  s3Endpoint: serve(
    "S3_ENDPOINT",
    httpUrl,
    "",
    "The S3 server, such as https://rgw.example:7480; empty: AWS.",
  ),
  s3ForcePathStyle: serve(
    "S3_FORCE_PATH_STYLE",
    toggle,
    "on",
    "Bucket in the path rather than in the host name, as Ceph and MinIO have it.",
  ),
  awsRegion: serve("AWS_REGION", text, "us-east-1", "Region of the bucket; any for most S3 servers but AWS."),
  awsAccessKeyId: {
    ...serve("AWS_ACCESS_KEY_ID", text, "", "S3 access key; empty: the SDK's own search."),
    secret: "needed",
  },
  awsSecretAccessKey: { ...serve("AWS_SECRET_ACCESS_KEY", text, "", "S3 secret key."), secret: "needed" },
  maxSourceBytes: serve("MAX_SOURCE_BYTES", size, "64MiB", "Largest original that is made into variants."),
  maxPixels: serve("MAX_PIXELS", count, "120000000", "Most pixels of an original, or of a frame."),
  maxSide: serve("MAX_SIDE", count, "65535", "Most pixels of an original's longer side."),
  maxFrames: serve("MAX_FRAMES", count, "256", "Most frames of an animation that is encoded."),
  maxAnimationPixels: serve(
    "MAX_ANIMATION_PIXELS",
    count,
    "50000000",
    "Most pixels of an animation that is encoded, frames summed.",
  ),
  passThroughBytes: serve(
    "PASS_THROUGH_BYTES",
    size,
    "8MiB",
    "Largest animation that is passed on as it is stored, without its metadata, where it is not encoded.",
  ),
  keepCopyright: serve(
    "KEEP_COPYRIGHT",
    toggle,
    "off",
    "Variants carry artist, copyright and licence; other metadata never.",
  ),

  cacheDir: both(
    "CACHE_DIR",
    text,
    ".cache/imgproxy-lite",
    "Folder of the cache; replicas share it.",
    "cache",
  ),
  cacheMaxBytes: both("CACHE_MAX_BYTES", size, "10GiB", "Most bytes that the cache keeps.", "max-bytes"),
  cacheMaxFiles: both("CACHE_MAX_FILES", count, "1000000", "Most files that the cache keeps.", "max-files"),
  cacheMinFree: both("CACHE_MIN_FREE", size, "256MiB", "Bytes to leave free on the volume.", "min-free"),
  cacheMaxIdle: both(
    "CACHE_MAX_IDLE",
    duration,
    "90d",
    "Unpinned variants go when unused this long.",
    "max-idle",
  ),
  gcInterval: both(
    "GC_INTERVAL",
    duration,
    "10m",
    "Time between looks at the cache's size; 0: another process does it.",
    "gc-interval",
  ),
  hotCacheBytes: serve("HOT_CACHE_BYTES", size, "64MiB", "Memory for the variants asked for most."),

  encoders: serve(
    "ENCODERS",
    count,
    String(availableParallelism()),
    "Encoder processes for readers, one image each; half as many more start for clients that have none while others hold all.",
  ),
  warmEncoders: serve(
    "WARM_ENCODERS",
    count,
    String(availableParallelism()),
    "Encoder processes that warm ahead, at low priority and while no reader waits.",
  ),
  encoderMemory: serve(
    "ENCODER_MEMORY",
    size,
    `${Math.max(1024, 192 * availableParallelism())}MiB`,
    "Memory of all encoder processes together; an image that takes more than all but 224MiB of it is 422.",
  ),
  maxAvifPixels: serve(
    "MAX_AVIF_PIXELS",
    count,
    "16000000",
    "Most pixels of an AVIF; larger images are the next best format, and 422 with fm=avif.",
  ),
  encoderUser: serve(
    "ENCODER_USER",
    userAndGroup,
    "",
    "Another user for encoder processes, 65534:65534; takes a server that runs as root, and a program that this user may read.",
  ),
  sourceTimeout: serve(
    "SOURCE_TIMEOUT",
    duration,
    "10s",
    "A reader's original that takes longer to arrive is 504; a source that is silent for as long is given up. A warm-up waits while it keeps coming.",
  ),
  encodeTimeout: serve(
    "ENCODE_TIMEOUT",
    duration,
    "10s",
    "An encoder that takes longer for a reader is killed.",
  ),
  warmTimeout: serve(
    "WARM_TIMEOUT",
    duration,
    "60s",
    "An encoder that takes longer for one image of a warm-up is killed; while it waits for a CPU its time stands still.",
  ),
  queueTimeout: serve(
    "QUEUE_TIMEOUT",
    duration,
    "6s",
    "A reader's request that waits longer for an encoder, for memory or for its turn at the source is 503, at once where that is to be expected.",
  ),
  queueLimit: serve(
    "QUEUE_LIMIT",
    count,
    "32",
    "Maximum queued reader requests; beyond it the client that has most of them gets 503.",
  ),

  variants: serve(
    "VARIANTS",
    choice("open", "listed", "signed"),
    "open",
    "open: any q and w; listed: what published sets name; signed: what SIGNING_KEYS signed.",
  ),
  signingKeys: {
    ...serve(
      "SIGNING_KEYS",
      list((key) => key),
      "",
      "Keys that URLs are signed with; several while they rotate.",
    ),
    secret: "optional",
  },
  token: {
    ...serve("TOKEN", list(token), "", "Token of /api for a publish; two while they rotate; empty: no /api."),
    secret: "optional",
  },
  originals: serve("ORIGINALS", toggle, "on", "Whether img alone gives the original as it is stored."),
  publishedKeep: serve("PUBLISHED_KEEP", count, "5", "Published sets to keep of each site, newest first."),
  defaultQuality: serve("DEFAULT_QUALITY", quality, "75", "q where a URL has w or fm without it."),
  maxVariants: serve(
    "MAX_VARIANTS",
    count,
    "1000",
    "Unpublished variants of one photograph that the cache keeps; new ones displace the longest unused.",
  ),
  coldBudget: serve(
    "COLD_BUDGET",
    count,
    "600",
    "New variants that one client may ask for a minute, one counted for every 100 ms of CPU that it takes; published ones are free.",
  ),
  trustedProxies: serve(
    "TRUSTED_PROXIES",
    networks,
    "",
    "Addresses or networks whose X-Forwarded-For is believed: 10.0.0.0/8,::1.",
  ),

  drainTimeout: serve("DRAIN_TIMEOUT", duration, "20s", "Longest wait for requests under way at the end."),
  logLevel: both("LOG_LEVEL", choice("debug", "info", "warn", "error", "silent"), "info", "What is logged."),
} as const;

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
