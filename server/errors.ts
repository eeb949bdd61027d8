/** One kind of failed request: what the reader gets, and how long a cache may keep it. */
export interface ProblemKind {
  readonly status: number;
  /** One sentence for the reader of the response. */
  readonly title: string;
  /** What the reader or the operator can do. */
  readonly remedy: string;
  /** Always sent: without it, RFC 9110 §15.1 allows heuristic caching of 404, 405, 410, 414 and 501. */
  readonly cacheControl: string;
  /** The usual wait before the same request may succeed, where there is no estimate; http/retry-after.ts makes the header. */
  readonly retryAfterSeconds?: number;
  /** Set where a second request would fail again: for how many seconds it is remembered, and for which requests. */
  readonly remembered?: { readonly scope: Scope; readonly seconds: number };
}

/**
 * What a failure applies to. `source`: nothing of that key can be served. `pixels`: the original can be served as it is,
 * but not decoded. `variant`: only this width, quality and format fails.
 */
export type Scope = "source" | "pixels" | "variant";

/** Every code that a response's `application/problem+json` can carry. */
export const problems = {
  "invalid-request": {
    status: 400,
    title: "The URL does not name an image.",
    remedy: "Request ?img=<source key>&q=<1..100>. The detail names the wrong parameter.",
    cacheControl: "public, max-age=300",
  },
  "invalid-body": {
    status: 400,
    title: "The request body is not valid for this call.",
    remedy: "Send JSON as described in contract/api.ts. The detail names the place of the fault.",
    cacheControl: "no-store",
  },
  "bad-host": {
    status: 400,
    title: "The request has more than one Host header.",
    remedy: "Send one Host header. A proxy on the way may have added the other.",
    // The request is wrong, not the URL.
    cacheControl: "no-store",
  },
  "bad-token": {
    status: 401,
    title: "This call needs the server's token.",
    remedy: "Send Authorization: Bearer <TOKEN>, with the TOKEN of the server's settings.",
    cacheControl: "no-store",
  },
  "not-local": {
    status: 403,
    title: "Without a token, this call is only for programs and pages of the server's own machine.",
    remedy: "Open it at http://localhost:<port>, without a proxy, or set TOKEN and send it.",
    cacheControl: "no-store",
  },
  "bad-signature": {
    status: 403,
    title: "The URL is not signed with a key of this server.",
    remedy: "Build the site with a HUGO_IMGPROXY_KEY that is one of the server's SIGNING_KEYS.",
    cacheControl: "no-store",
  },
  "originals-off": {
    status: 403,
    title: "This server does not serve originals.",
    remedy: "Request a variant, with q, or start the server with ORIGINALS=on.",
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
    remedy: "Run the scan of the site, which publishes its variants, or start the server with VARIANTS=open.",
    cacheControl: "public, max-age=60",
  },
  "unknown-published": {
    status: 404,
    title:
      "No published site uses this variant, as far as the server can tell: a published set cannot be read.",
    remedy: "Try again later. The server's log names the published set that cannot be read.",
    cacheControl: "no-store",
  },
  "no-route": {
    status: 404,
    title: "Not found.",
    remedy: "Request an image. The detail says at which path.",
    cacheControl: "public, max-age=300",
  },
  "bad-method": {
    status: 405,
    title: "This method is not allowed here.",
    remedy: "Use one of the methods in Allow.",
    cacheControl: "no-store",
  },
  "precondition-failed": {
    status: 412,
    title: "The image does not match the request's If-Match or If-Unmodified-Since.",
    remedy: "Send the request again without that header.",
    cacheControl: "no-store",
  },
  "body-too-large": {
    status: 413,
    title: "The request body is larger than this call allows.",
    remedy: "Send it in several calls.",
    cacheControl: "no-store",
  },
  "unsupported-source": {
    status: 415,
    title: "The original is in a format that this server does not read.",
    remedy: "Upload it as JPEG, PNG, WebP, AVIF, GIF or SVG. The detail names its format.",
    cacheControl: "public, max-age=60",
    remembered: { scope: "source", seconds: 60 },
  },
  "bad-range": {
    status: 416,
    title: "The requested range is outside the original.",
    remedy: "Request a range within the length that Content-Range names.",
    cacheControl: "no-store",
  },
  "unreadable-source": {
    status: 422,
    title: "The original is damaged or exceeds this server's limits.",
    remedy: "Export the photograph again. The detail names the fault.",
    cacheControl: "public, max-age=60",
    remembered: { scope: "pixels", seconds: 60 },
  },
  "impossible-variant": {
    status: 422,
    title: "This variant of the photograph cannot be made.",
    remedy: "Request another width, quality or format. The detail names the limit.",
    cacheControl: "public, max-age=60",
    remembered: { scope: "variant", seconds: 60 },
  },
  "withheld-source": {
    status: 422,
    title: "The source refuses to give this original.",
    remedy: "Check the object in the bucket. The detail says why it is refused.",
    cacheControl: "public, max-age=60",
    remembered: { scope: "source", seconds: 60 },
  },
  "over-budget": {
    status: 429,
    title: "This client has requested too many new variants.",
    remedy: "Try again after the seconds in Retry-After. Published variants do not count.",
    cacheControl: "no-store",
    retryAfterSeconds: 10,
  },
  internal: {
    status: 500,
    title: "Something went wrong.",
    remedy: "Send the request id to the operator. The server's log has the cause beside it.",
    cacheControl: "no-store",
  },
  "cannot-list": {
    status: 501,
    title: "The source has no listing of its photographs.",
    remedy: "Name the photographs one by one, or use a folder or an S3 bucket as SOURCE.",
    cacheControl: "no-store",
  },
  "source-failed": {
    status: 502,
    title: "The original could not be fetched from the source.",
    remedy: "Try again. The server's log has the cause.",
    cacheControl: "no-store",
  },
  "source-misconfigured": {
    status: 502,
    title: "The source is not configured correctly.",
    remedy: "The server's log has the cause: credentials, clock, bucket or address.",
    cacheControl: "no-store",
  },
  "moved-source": {
    status: 502,
    title: "The source redirects to another address, and the server follows no redirect.",
    remedy: "Upload the photograph to the configured source, or set SOURCE to the other address.",
    cacheControl: "no-store",
  },
  busy: {
    status: 503,
    title: "The server is overloaded.",
    remedy: "Try again after the seconds in Retry-After.",
    cacheControl: "no-store",
    retryAfterSeconds: 2,
  },
  "encode-failed": {
    status: 503,
    title: "The image could not be made in time.",
    remedy: "Try again after the seconds in Retry-After, or request a smaller width.",
    cacheControl: "no-store",
    retryAfterSeconds: 2,
  },
  "source-busy": {
    status: 503,
    title: "The source is overloaded.",
    remedy: "Try again after the seconds in Retry-After.",
    cacheControl: "no-store",
    retryAfterSeconds: 2,
  },
  "source-timeout": {
    status: 504,
    title: "The source did not answer in time.",
    remedy: "Try again after the seconds in Retry-After.",
    cacheControl: "no-store",
    retryAfterSeconds: 2,
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type ProblemCode = keyof typeof problems;

/** An error that the operator can fix, with the remedy in the message; any other error is a bug. */
export class Repairable extends Error {
  /** What the program cannot do now. */
  readonly what: string = "start";
}

/** A failed request: thrown where the failure is found, answered in app.ts. */
export class Problem extends Error {
  readonly code: ProblemCode;
  /** Public text about this case. It contains no path, bucket, host or stack. */
  readonly detail: string | undefined;
  /** An estimate, of any size. */
  readonly retryAfterSeconds: number | undefined;
  /** The storage's answer, such as `403 InvalidObjectState`: only for the log and for a publish, which has a token. */
  readonly storage: string | undefined;
  /** The methods that are allowed, for the `Allow` of a 405; undefined: those of an image. */
  readonly methods: string | undefined;
  /** Length of the original, for the `Content-Range` of a 416. */
  readonly originalBytes: number | undefined;

  constructor(
    code: ProblemCode,
    options: {
      readonly detail?: string;
      readonly cause?: unknown;
      readonly storage?: string;
      readonly retryAfterSeconds?: number;
      readonly methods?: string;
      readonly originalBytes?: number;
    } = {},
  ) {
    super(options.detail ?? problems[code].title, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.storage = options.storage;
    this.methods = options.methods;
    this.originalBytes = options.originalBytes;
    const kind: ProblemKind = problems[code];
    this.retryAfterSeconds = options.retryAfterSeconds ?? kind.retryAfterSeconds;
  }
}
