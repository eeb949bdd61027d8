/** One way a request can fail: what the reader sees, and for how long a cache may keep it. */
export interface ProblemKind {
  readonly status: number;
  /** One sentence for whoever reads the response. */
  readonly title: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Always explicit: RFC 9110 §15.1 makes a silent 404, 405, 410, 414 or 501 cacheable by guesswork. */
  readonly cacheControl: string;
  readonly retryAfterSeconds?: number;
  /** Present where asking again soon fails again: how long that is remembered, and for which other requests it is true. */
  readonly remembered?: { readonly scope: Scope; readonly seconds: number };
}

/**
 * What a failure is true of: `source`, so that nothing of that key can be served; `pixels`, so that the original can be
 * served as it is but not decoded; `variant`, one width, quality and format and no other.
 */
export type Scope = "source" | "pixels" | "variant";

/** Every code that a response's `application/problem+json` can carry. */
export const problems = {
  "invalid-request": {
    status: 400,
    title: "The URL does not name an image.",
    remedy: "Ask for ?img=<source key>&q=<1..100>; the detail names the parameter at fault.",
    cacheControl: "public, max-age=300",
  },
  "invalid-body": {
    status: 400,
    title: "The body is not what this call takes.",
    remedy: "Send JSON as contract/api.ts has it; the detail names the place at fault.",
    cacheControl: "no-store",
  },
  "bad-host": {
    status: 400,
    title: "The request has more than one Host header.",
    remedy: "Send one; a proxy on the way may have added the other.",
    // It is the request that is wrong, not the URL.
    cacheControl: "no-store",
  },
  "bad-token": {
    status: 401,
    title: "This call needs the server's token.",
    remedy: "Send Authorization: Bearer <TOKEN>, with the TOKEN that the server was started with.",
    cacheControl: "no-store",
  },
  "bad-signature": {
    status: 403,
    title: "The URL is not signed with a key of this server.",
    remedy: "Build the site with the key in HUGO_IMGPROXY_KEY that the server has in SIGNING_KEYS.",
    cacheControl: "no-store",
  },
  "originals-off": {
    status: 403,
    title: "This server does not give out originals.",
    remedy: "Ask for a variant, with q; or start the server with ORIGINALS=on.",
    cacheControl: "public, max-age=300",
  },
  "source-absent": {
    status: 404,
    title: "There is no such photograph.",
    remedy: "Check the key, capitals included, and that the photograph is uploaded.",
    cacheControl: "public, max-age=30",
    remembered: { scope: "source", seconds: 30 },
  },
  "not-published": {
    status: 404,
    title: "No published site uses this variant.",
    remedy:
      "Run the scan for the site, which publishes its variants; or start the server with VARIANTS=open.",
    cacheControl: "public, max-age=60",
  },
  "unknown-published": {
    status: 404,
    title: "No published site that is known at the moment uses this variant.",
    remedy: "Try again later; the operator finds in the log which published set cannot be read.",
    cacheControl: "no-store",
  },
  "no-route": {
    status: 404,
    title: "There is nothing here.",
    remedy: "Ask for an image; the detail says where they are.",
    cacheControl: "public, max-age=300",
  },
  "bad-method": {
    status: 405,
    title: "Images can only be read.",
    remedy: "Use GET, HEAD or OPTIONS.",
    cacheControl: "no-store",
  },
  "precondition-failed": {
    status: 412,
    title: "The image is another one than the request's If-Match or If-Unmodified-Since names.",
    remedy: "Ask for it again without that header.",
    cacheControl: "no-store",
  },
  "body-too-large": {
    status: 413,
    title: "The body is larger than this call takes.",
    remedy: "Send it in several calls.",
    cacheControl: "no-store",
  },
  "unsupported-source": {
    status: 415,
    title: "The original is in a format that this server does not read.",
    remedy: "Upload it as JPEG, PNG, WebP, AVIF, GIF or SVG; the detail says what it is.",
    cacheControl: "public, max-age=60",
    remembered: { scope: "source", seconds: 60 },
  },
  "bad-range": {
    status: 416,
    title: "The original has no such range.",
    remedy: "Content-Range names its length.",
    cacheControl: "no-store",
  },
  "unreadable-source": {
    status: 422,
    title: "The original is damaged or beyond this server's limits.",
    remedy: "Export the photograph again; the detail names the fault.",
    cacheControl: "public, max-age=60",
    remembered: { scope: "pixels", seconds: 60 },
  },
  "impossible-variant": {
    status: 422,
    title: "The photograph cannot be made into this variant.",
    remedy: "Ask for another width, quality or format; the detail names the limit.",
    cacheControl: "public, max-age=60",
    remembered: { scope: "variant", seconds: 60 },
  },
  "withheld-source": {
    status: 422,
    title: "The photographs' storage does not give out this original.",
    remedy: "Look at the object in the storage; the detail says what keeps it.",
    cacheControl: "public, max-age=60",
    remembered: { scope: "source", seconds: 60 },
  },
  "over-budget": {
    status: 429,
    title: "Too many new variants for one client.",
    remedy: "Try again later; published variants are not counted.",
    cacheControl: "no-store",
    retryAfterSeconds: 10,
  },
  internal: {
    status: 500,
    title: "Something went wrong.",
    remedy: "Report the request id to the operator, who finds it in the log.",
    cacheControl: "no-store",
  },
  "source-failed": {
    status: 502,
    title: "The photographs' storage did not give the original.",
    remedy: "Try again; the operator finds the cause in the log.",
    cacheControl: "no-store",
  },
  "source-misconfigured": {
    status: 502,
    title: "This server cannot use the photographs' storage as it is set up.",
    remedy: "The operator finds the cause in the log: credentials, clock, bucket or address.",
    cacheControl: "no-store",
  },
  "moved-source": {
    status: 502,
    title: "The photographs' storage redirects to another address, and no redirect is followed.",
    remedy: "Upload the photograph to where the server reads, or name the other address in SOURCE.",
    cacheControl: "no-store",
  },
  busy: {
    status: 503,
    title: "The server has more to do than it can.",
    remedy: "Try again after the seconds in Retry-After.",
    cacheControl: "no-store",
    retryAfterSeconds: 2,
  },
  "encode-failed": {
    status: 503,
    title: "The image could not be made in time.",
    remedy: "Try again after the seconds in Retry-After, or ask for a narrower one.",
    cacheControl: "no-store",
    retryAfterSeconds: 2,
  },
  "source-busy": {
    status: 503,
    title: "The photographs' storage has more to do than it can.",
    remedy: "Try again after the seconds in Retry-After.",
    cacheControl: "no-store",
    retryAfterSeconds: 2,
  },
  "source-timeout": {
    status: 504,
    title: "The photographs' storage did not answer in time.",
    remedy: "Try again after the seconds in Retry-After.",
    cacheControl: "no-store",
    retryAfterSeconds: 2,
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type ProblemCode = keyof typeof problems;

/** A failure that the reader is told of: thrown where it is found, answered in app.ts. */
export class Problem extends Error {
  readonly code: ProblemCode;
  /** Public words on this one case; nothing of the inside (no path, bucket, host or stack). */
  readonly detail: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** What the storage said, such as `403 InvalidObjectState`: for the log and for a publish, which has a token. */
  readonly storage: string | undefined;
  /** Length of the original, for the `Content-Range` of a 416. */
  readonly originalBytes: number | undefined;

  constructor(
    code: ProblemCode,
    options: {
      readonly detail?: string;
      readonly cause?: unknown;
      readonly storage?: string;
      readonly retryAfterSeconds?: number;
      readonly originalBytes?: number;
    } = {},
  ) {
    super(options.detail ?? problems[code].title, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.storage = options.storage;
    this.originalBytes = options.originalBytes;
    const kind: ProblemKind = problems[code];
    this.retryAfterSeconds = options.retryAfterSeconds ?? kind.retryAfterSeconds;
  }
}
