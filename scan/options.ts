import { parseArgs } from "node:util";
import { MAX_SCORE } from "../contract/tuning.ts";
import { type Budget, parseBudget } from "./budget/budget.ts";
import { CannotRun } from "./cannot-run.ts";
import type { Tune } from "./proxy/tuning/tune.ts";
import { environmentName } from "./site/config/environment.ts";
import { parseGlob } from "./site/glob.ts";

/** The parsed command line of a scan. */
export interface CommandLine {
  readonly site: string;
  readonly environment: string;
  readonly hugoVersion?: string;
  readonly endpoint?: string;
  readonly token?: string;
  readonly manifest?: string | false;
  /** A built site, either compared with the content or used instead of it. */
  readonly built?: { readonly folder: string; readonly compare: boolean };
  /** Globs of pictures that the built site may lack. */
  readonly ignore: readonly string[];
  /** Whether references to files of the bucket become URLs of the proxy, in the built site. */
  readonly rewrite: boolean;
  /** Whether a part of a photograph may be missing, by its key. */
  readonly mayBeDamaged: (key: string) => boolean;
  /** Request the public address, to check the CDN. */
  readonly edge: boolean;
  /** Stays, and writes the manifest again after each change. */
  readonly watch: boolean;
  readonly publish?: string;
  readonly previewSeconds?: number;
  readonly effort?: number;
  readonly tune?: Tune;
  readonly concurrency: number;
  readonly patienceMs: number;
  readonly report?: string;
  /** Maximum bytes of a post's images. */
  readonly budget?: Budget;
  /** Whether an image without a useful alternative text is an error. */
  readonly requireAlt: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

export const help = `Usage: imgproxy-lite scan [options]

Finds every image that a Hugo site will request from the proxy, and checks that it exists. Writes the manifest that the
site's templates read, and makes every variant before a reader requests it.

  imgproxy-lite scan                    before hugo: checks images, writes the manifest, warms the cache
  hugo
  imgproxy-lite scan --check public     after hugo: checks the URLs that hugo printed
  imgproxy-lite scan --edge             after the deploy: checks the CDN

The site
  --site FOLDER        the Hugo site (default: the current folder)
  --environment NAME   Hugo's environment (default: HUGO_ENVIRONMENT, HUGO_ENV, or production; with --watch development)
  --hugo-version N     the Hugo version whose rules decide what is a page (default: the one on PATH, or the newest)
  --manifest FILE      where to write the manifest, relative to the site (default: assets/imgproxy.json)
  --no-manifest        do not write the manifest
  --watch              while you write: writes the manifest again after each change of the content or of a gallery's folder, so
                       that "hugo server" shows it; makes no variant, since requests make them; ends with Ctrl-C
  --check FOLDER       take the URLs from the built site, and compare them with the content
  --html FOLDER        take the URLs from the built site only
  --rewrite            with either: replace files of the bucket that a theme names itself with the proxy's URLs
  --ignore GLOB        with either: pictures that the built site may lack, such as "demo/**"; can be repeated
  --allow-damaged GLOB photographs of which a part may be missing, such as "old/**"; can be repeated

The proxy
  --endpoint URL       address at which the scan reaches it (default: params.imgproxy.endpoint, as readers do)
  --token TOKEN        token of its API (default: TOKEN); without a token the scan makes the same requests as a reader
  --publish SITE/NAME  name of the published set; needs a token (default: host of baseURL / commit)
  --preview DURATION   the published set expires after this time, such as 14d
  --effort N           effort of the encoder, 0 (fast) to 9 (small); needs a token (default: the server's)
  --tune look          make WebP and AVIF of each photograph look like its own JPEG; needs a token
  --tune floor=SCORE   give each photograph the lowest quality that reaches this score (SSIMULACRA 2.1 at 400 px), such as 62;
                       needs a token. Both: --tune look,floor=62
  --tune-budget DURATION  how long new photographs are measured; the others are left for the next scan (default: 5m)
  --edge               request every URL at the public address, and check that the CDN keeps formats apart
  --concurrency N      parallel requests (default: 4)
  --timeout DURATION   how long the scan waits for a server that restarts or is busy, such as 90s or 5m (default: 2m)

The output
  --dry-run            print what the scan would request; send no request and write no file
  --json               print the result as JSON
  --budget SIZES       the most that the images of one post may weigh, as current browsers load them on a phone (390 px, 3x) and
                       a laptop (1440 px, 1x): "phone=400KB,laptop=900KB"; more is an error
  --require-alt        an image without alt text, or with a file name or another photograph's text instead, is an error
  --report FILE        write an HTML page with each photograph, its variants and the failures
  -h, --help           print this

The scan stores what it has learned in the site's resources/imgproxy-lite. If CI keeps that folder between runs, unchanged
posts are not parsed again, and covers that no page showed at the last --check are not made. Without it a scan is only slower.

HUGO_… variables have the same effect as for hugo. HUGO_IMGPROXY_KEY signs URLs if the site sets params.imgproxy.sign = true.
On GitHub and GitLab, findings become annotations. Exit code: 0 no problem; 1 problems in the content, such as a photograph
that is missing or damaged; 2 the scan could not run.
`;

/** The commands that read a site and ask its proxy. */
export type Command = "scan" | "doctor";

/** The options of each command that does not take all of them. */
const optionsOf: Readonly<Record<Exclude<Command, "scan">, readonly string[]>> = {
  doctor: ["site", "environment", "hugo-version", "endpoint", "token", "timeout", "json", "help"],
};

/**
 * @throws CannotRun naming the wrong option.
 */
export function parseCommandLine(
  argv: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
  command: Command = "scan",
): CommandLine {
  const { values } = readOptions(argv, command);
  const token = values.token ?? variables.TOKEN;
  const manifest = values["no-manifest"] === true ? false : values.manifest;
  return {
    site: values.site ?? ".",
    environment:
      values.environment ??
      environmentName(variables) ??
      (values.watch === true ? "development" : "production"),
    ...(values["hugo-version"] !== undefined && { hugoVersion: values["hugo-version"] }),
    ...(values.endpoint !== undefined && { endpoint: parseEndpoint(values.endpoint) }),
    ...(token !== undefined && token !== "" && { token }),
    ...(manifest !== undefined && { manifest }),
    ...builtSite(values),
    ignore: values.ignore ?? [],
    mayBeDamaged: parseAllowed(values["allow-damaged"] ?? []),
    rewrite: parseRewrite(values),
    edge: values.edge === true,
    watch: parseWatch(values),
    ...(values.publish !== undefined && { publish: parseSetName(values.publish) }),
    ...(values.preview !== undefined && {
      previewSeconds: Math.ceil(parseDuration("--preview", values.preview) / 1000),
    }),
    ...(values.report !== undefined && { report: values.report }),
    ...(values.budget !== undefined && { budget: parseBudget(values.budget) }),
    ...(values.effort !== undefined && { effort: parseCount("--effort", values.effort, 0, 9) }),
    ...tuning(values, token),
    concurrency: parseCount("--concurrency", values.concurrency ?? "4", 1, 256),
    patienceMs: parseDuration("--timeout", values.timeout ?? (command === "doctor" ? "5s" : "2m")),
    requireAlt: values["require-alt"] === true,
    dryRun: values["dry-run"] === true,
    json: values.json === true,
    help: values.help === true,
  };
}

// --- values ---

function readOptions(argv: readonly string[], command: Command) {
  const read = parseOptions(argv, command);
  const taken = command === "scan" ? undefined : optionsOf[command];
  const other = taken && Object.keys(read.values).find((name) => !taken.includes(name));
  if (other === undefined) return read;
  throw new CannotRun(
    `${command} has no option --${other}; imgproxy-lite ${command} --help lists the options`,
  );
}

function parseOptions(argv: readonly string[], command: Command) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        site: text,
        endpoint: text,
        token: text,
        manifest: text,
        "no-manifest": flag,
        environment: { ...text, short: "e" },
        "hugo-version": text,
        check: text,
        html: text,
        ignore: { ...text, multiple: true },
        "allow-damaged": { ...text, multiple: true },
        rewrite: flag,
        edge: flag,
        watch: flag,
        publish: text,
        preview: text,
        report: text,
        budget: text,
        effort: text,
        tune: text,
        "tune-budget": text,
        concurrency: text,
        timeout: text,
        "require-alt": flag,
        "dry-run": flag,
        json: flag,
        help: { ...flag, short: "h" },
      },
    });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new CannotRun(`${words.split(". ", 1)[0]}; imgproxy-lite ${command} --help lists the options`);
  }
}

function builtSite(values: {
  readonly check?: string | undefined;
  readonly html?: string | undefined;
  readonly "dry-run"?: boolean | undefined;
}): Pick<CommandLine, "built"> {
  const { check, html } = values;
  if (values["dry-run"] === true && (check !== undefined || html !== undefined))
    throw new CannotRun(
      `--dry-run and --${check === undefined ? "html" : "check"} exclude each other: a check asks the proxy about every picture`,
    );
  if (check !== undefined && html !== undefined)
    throw new CannotRun("--check and --html exclude each other: --check does what --html does, and compares");
  if (check !== undefined) return { built: { folder: check, compare: true } };
  return html === undefined ? {} : { built: { folder: html, compare: false } };
}

function parseRewrite(values: {
  readonly rewrite?: boolean | undefined;
  readonly check?: string | undefined;
  readonly html?: string | undefined;
}): boolean {
  if (values.rewrite !== true) return false;
  if (values.check === undefined && values.html === undefined)
    throw new CannotRun("--rewrite changes a built site: name its folder with --check");
  return true;
}

/** A watch ends with the writing: it has no result. */
function parseWatch(values: Readonly<Record<string, unknown>>): boolean {
  if (values.watch !== true) return false;
  const other = notWatched.find((name) => values[name] !== undefined);
  if (other === undefined) return true;
  throw new CannotRun(
    `--watch and --${other} exclude each other: --watch only writes the manifest, until it is ended`,
  );
}

const notWatched = [
  "check",
  "html",
  "edge",
  "dry-run",
  "no-manifest",
  "json",
  "report",
  "budget",
  "publish",
  "preview",
  "effort",
] as const;

function tuning(
  values: { readonly tune?: string | undefined; readonly "tune-budget"?: string | undefined },
  token: string | undefined,
): Pick<CommandLine, "tune"> {
  const { tune, "tune-budget": budget } = values;
  if (tune === undefined && budget !== undefined)
    throw new CannotRun("--tune-budget limits how long --tune takes: name its mode with --tune");
  if (tune === undefined) return {};
  if (token === undefined || token === "") throw new CannotRun("--tune needs the token of the server's API");
  const modes = tune.split(",");
  const [floor, ...more] = modes.flatMap((mode) => /^floor=(.*)$/.exec(mode)?.[1] ?? []);
  const isWrong = modes.some((mode) => mode !== "look" && !mode.startsWith("floor="));
  if (isWrong || more.length > 0)
    throw new CannotRun(`--tune takes look, floor=62 or both, look,floor=62; it is ${tune}`);
  return {
    tune: {
      look: modes.includes("look"),
      ...(floor !== undefined && { floor: parseCount("--tune floor", floor, 1, MAX_SCORE) }),
      budgetMs: parseDuration("--tune-budget", budget ?? "5m"),
    },
  };
}

function parseAllowed(globs: readonly string[]): (key: string) => boolean {
  const allowed = globs.map((glob) => {
    const matches = parseGlob(glob.replace(/^\/+/, ""));
    if (matches !== undefined) return matches;
    throw new CannotRun(`--allow-damaged takes a glob such as "old/**"; it is ${glob}`);
  });
  return (key) => allowed.some((matches) => matches(key));
}

function parseSetName(text: string): string {
  const part = "[A-Za-z0-9_][A-Za-z0-9._-]{0,63}";
  if (new RegExp(`^${part}/${part}$`).test(text)) return text;
  throw new CannotRun(`--publish takes SITE/NAME of letters, digits, ".", "_" and "-"; it is ${text}`);
}

function parseEndpoint(text: string): string {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text;
  throw new CannotRun(`--endpoint takes a URL such as http://localhost:5000/; it is ${text}`);
}

function parseCount(name: string, text: string, least: number, most: number): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= least && count <= most) return count;
  throw new CannotRun(`${name} takes a whole number from ${least} to ${most}; it is ${text}`);
}

function parseDuration(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? ""];
  if (match === null || unit === undefined)
    throw new CannotRun(`${name} takes a duration such as 90s or 5m; it is ${text}`);
  return Number(match[1]) * unit;
}
