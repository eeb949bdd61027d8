import { MAX_SCORE } from "../../contract/tuning.ts";
import { type Budget, parseBudget } from "../budget/budget.ts";
import { CannotRun } from "../cannot-run.ts";
import { flag, readOptions, text } from "../command-line/read-options.ts";
import { parseCount, parseDuration, parseGlobs } from "../command-line/values.ts";
import type { Tune } from "../proxy/tuning/tune.ts";
import { environmentName } from "../site/config/environment.ts";

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
  const values = valuesOf(argv, command);
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
    mayBeDamaged: parseGlobs("--allow-damaged", values["allow-damaged"] ?? [], "old/**"),
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

const options = {
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
} as const;

function valuesOf(argv: readonly string[], command: Command) {
  const values = readOptions(command, argv, options);
  const taken = command === "scan" ? undefined : optionsOf[command];
  const other = taken && Object.keys(values).find((name) => !taken.includes(name));
  if (other === undefined) return values;
  throw new CannotRun(
    `${command} has no option --${other}; imgproxy-lite ${command} --help lists the options`,
  );
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
  if (token === undefined || token === "")
    throw new CannotRun("--tune needs the token of the server's API: give --token, or set TOKEN");
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

function parseSetName(text: string): string {
  const part = "[A-Za-z0-9_][A-Za-z0-9._-]{0,63}";
  if (new RegExp(`^${part}/${part}$`).test(text)) return text;
  throw new CannotRun(`--publish takes SITE/NAME of letters, digits, ".", "_" and "-"; it is ${text}`);
}

function parseEndpoint(text: string): string {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text;
  throw new CannotRun(`--endpoint takes a URL such as http://localhost:5000/; it is ${text}`);
}
