import { parseArgs } from "node:util";
import { withoutSecrets } from "../../contract/diagnosis.ts";
import { LEAST_BYTES } from "../encode/memory/encoder-memory.ts";
import { misspelt } from "./misspelt.ts";
import { readSecret } from "./secret-file.ts";
import { fileHelp, isFor, type Program, type Setting, settings } from "./settings.ts";

/** Every setting parsed, by its key in settings.ts. */
export type Config = {
  readonly [Key in keyof typeof settings]: (typeof settings)[Key] extends Setting<infer T> ? T : never;
};

/** All errors of a configuration, one sentence each, by variable name. */
export class InvalidConfig extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** A flag that the program does not have. */
export class InvalidFlags extends InvalidConfig {}

/** Flags that are not settings, and the arguments that are not flags. */
export interface Switches {
  readonly help: boolean;
  readonly dryRun: boolean;
  readonly watch: boolean;
  readonly json: boolean;
  readonly files: readonly string[];
}

/**
 * Flags have priority over the environment, and the environment over defaults.
 * @throws InvalidConfig with all errors together.
 */
export function loadConfig(
  program: Program,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): {
  readonly config: Config;
  readonly switches: Switches;
  /** What {@link misspelt} says of the environment. */
  readonly misspelt: readonly string[];
} {
  const { values, switches } = parseFlags(program, argv);
  const problems: string[] = [];
  const givenFor = (setting: Setting<unknown>): string | undefined => {
    // A setting that only another program reads may be wrong here.
    if (!isFor(setting, program)) return undefined;
    const flag = setting.flag === undefined ? undefined : values.get(setting.flag);
    return flag ?? textOf(setting, env, problems);
  };
  const isDev = givenFor(settings.dev)?.trim() === "on";
  const parsed = Object.entries(settings).map(([key, setting]: [string, Setting<unknown>]) => {
    const given = givenFor(setting) ?? (isDev ? setting.inDev : undefined);
    return [key, parseOne(setting, given, problems)] as const;
  });
  // The table's parsers made each value, key by key, as Config says.
  const config = Object.fromEntries(parsed) as Config;
  if (!switches.help) problems.push(...contradictions(program, config, switches));
  const slips = misspelt(env);
  if (problems.length > 0 && !switches.help) throw new InvalidConfig([...problems, ...slips]);
  return { config, switches, misspelt: slips };
}

/** `--help`: usage and every setting of the program, from the table. */
export function helpText(program: Program): string {
  const rows = settingsOf(program).flatMap((setting) => [
    [setting.flag === undefined ? "" : `--${setting.flag}`, setting.name, setting.fallback, setting.help],
    ...(setting.secret === undefined ? [] : [["", `${setting.name}_FILE`, "", fileHelp(setting)]]),
  ]);
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const lines = rows.map(
    (row) => `  ${row.map((cell, at) => (at < 3 ? cell.padEnd(width(at)) : cell)).join("  ")}`,
  );
  return [
    usages[program],
    "",
    "Settings, by flag or by variable of the environment, with their defaults:",
    "",
    ...lines,
    "",
  ].join("\n");
}

// --- flags ---

function settingsOf(program: Program): Setting<unknown>[] {
  return Object.values(settings).filter((setting) => isFor(setting, program));
}

const usages: Readonly<Record<Program, string>> = {
  serve: "usage: imgproxy-lite serve [--source FOLDER|URL] [--cache FOLDER] [--port N] [--dev] [--help]",
  doctor:
    "usage: imgproxy-lite doctor --server [--source FOLDER|URL] [--cache FOLDER] [--json] [--help]\n\n" +
    "Checks the settings, source, cache and libraries of a server, and prints a line for each; a problem's line has the\n" +
    "remedy. It stores one small file in the cache folder and deletes it. Run it where the server runs, as its user and\n" +
    "with its environment. Exit code: 0 all is well; 1 problems; 2 it could not run.",
  gc: "usage: imgproxy-lite gc [--cache FOLDER] [--max-bytes SIZE] [--dry-run | --watch] [--help]",
  health: "usage: imgproxy-lite health [--admin-port N] [--help]",
  score:
    "usage: imgproxy-lite score ORIGINAL PICTURE [--json] [--help]\n\n" +
    "Says how much a picture looks like its original: SSIMULACRA 2.1. 100 is the same, 90 takes a second look, 70 is a\n" +
    "good JPEG, 50 a fair one, 30 a poor one. Both are files of one size, turned upright and in sRGB.",
};

/** Beside --help. */
const switchesOf: Readonly<Record<Program, readonly string[]>> = {
  serve: [],
  doctor: ["server", "json"],
  gc: ["dry-run", "watch"],
  health: [],
  score: ["json"],
};

function parseFlags(
  program: Program,
  argv: readonly string[],
): { readonly values: ReadonlyMap<string, string>; readonly switches: Switches } {
  const mine = settingsOf(program);
  const flags = mine.flatMap(({ flag }) => (flag === undefined ? [] : [flag]));
  const options = Object.fromEntries(
    flags.map((flag) => [flag, { type: flag === "dev" ? ("boolean" as const) : ("string" as const) }]),
  );
  try {
    const switches = Object.fromEntries(
      switchesOf[program].map((name) => [name, { type: "boolean" as const }]),
    );
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { ...options, ...switches, help: { type: "boolean", short: "h" } },
      allowPositionals: program === "score",
    });
    const on = new Map(Object.entries(values));
    const isOn = (name: string): boolean => on.get(name) === true;
    const given = Object.entries(values).flatMap(([flag, value]): [string, string][] =>
      value === undefined ? [] : [[flag, value === true ? "on" : String(value)]],
    );
    return {
      values: new Map(given),
      switches: {
        help: isOn("help"),
        dryRun: isOn("dry-run"),
        watch: isOn("watch"),
        json: isOn("json"),
        files: positionals,
      },
    };
  } catch (error) {
    throw new InvalidFlags([
      `${error instanceof Error ? error.message : String(error)} (--help lists the flags)`,
    ]);
  }
}

function textOf(
  setting: Setting<unknown>,
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): string | undefined {
  if (setting.secret === undefined) return env[setting.name];
  try {
    return readSecret(setting, env);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : `${setting.name} cannot be read`);
    return undefined;
  }
}

function parseOne(setting: Setting<unknown>, given: string | undefined, problems: string[]): unknown {
  const value = given ?? setting.fallback;
  try {
    return setting.parse(value.trim());
  } catch (error) {
    problems.push(
      `${setting.name} ${error instanceof Error ? error.message : "is wrong"}; got "${shown(setting, value)}"`,
    );
    return undefined;
  }
}

/** Secrets are not printed on a terminal or in a pod's log. */
function shown({ name }: Setting<unknown>, value: string): string {
  if (/KEY|TOKEN|SECRET/.test(name)) return "…";
  return withoutSecrets(value);
}

// --- settings that need each other ---

function contradictions(program: Program, config: Config, switches: Switches): string[] {
  if (program === "gc" && switches.watch && config.gcInterval === 0)
    return ["GC_INTERVAL is 0; with --watch it is the time between two checks, such as 5m"];
  if (program === "score")
    return [
      ...(switches.files.length === 2
        ? []
        : [`score takes two files, the original and the picture; got ${switches.files.length}`]),
      ...encoderProblems(config),
    ];
  if (program !== "serve" && program !== "doctor") return [];
  return [
    ...(config.source === undefined && (config.sources ?? []).length === 0
      ? ["SOURCE is not set; give a folder, https://base/ or s3://bucket/prefix (or --source)"]
      : []),
    ...(config.source !== undefined && (config.sources ?? []).length > 0
      ? ["SOURCE and SOURCES are both set; keep one"]
      : []),
    ...(config.variants === "signed" && (config.signingKeys ?? []).length === 0
      ? ["VARIANTS=signed needs SIGNING_KEYS"]
      : []),
    ...(config.studio === "on" && config.dev !== "on" && (config.token ?? []).length === 0
      ? ["STUDIO=on needs TOKEN: its page asks for it"]
      : []),
    ...(readsS3(config) && (config.awsAccessKeyId === "") !== (config.awsSecretAccessKey === "")
      ? ["AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together; one of them is not set"]
      : []),
    ...(config.encoderUser !== undefined && process.getuid?.() !== 0
      ? ["ENCODER_USER needs a server that runs as root: other users cannot start processes as another user"]
      : []),
    ...(config.encoders === 0 ? ["ENCODERS takes at least 1"] : []),
    ...encoderProblems(config),
    ...(config.warmEncoders === 0 ? ["WARM_ENCODERS takes at least 1"] : []),
  ];
}

function encoderProblems({ encoderMemory, maxSide }: Config): string[] {
  return [
    ...(encoderMemory < LEAST_BYTES
      ? [`ENCODER_MEMORY takes at least ${LEAST_BYTES / 2 ** 20}MiB: room for two ordinary images`]
      : []),
    ...(maxSide === 0 ? ["MAX_SIDE takes at least 1"] : []),
  ];
}

function readsS3({ source, sources = [] }: Config): boolean {
  return [source, ...sources.map((one) => one.source)].some((one) => one?.kind === "s3");
}
