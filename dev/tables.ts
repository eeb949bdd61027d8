import { fileURLToPath } from "node:url";
import { parameterHelp } from "../contract/request.ts";
import { help as scanHelp } from "../scan/options.ts";
import { fileHelp, type Setting, settings } from "../server/config/settings.ts";
import { type ProblemKind, problems } from "../server/errors.ts";
import { metricDefinitions } from "../server/telemetry/metric-definitions.ts";
import { allPromises, chosenPromises } from "./results.ts";

/** The files with generated tables, below the repository's root. */
export const generatedFiles = ["README.md", "k8s/README.md", "bench/README.md"] as const;

/**
 * The text of a file with each `<!-- name -->…<!-- /name -->` filled from the definitions.
 * @throws Error if the text has no place for a table.
 */
export function withTables(file: (typeof generatedFiles)[number], text: string): string {
  return Object.entries(tables[file]).reduce((filled, [name, render]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`);
    if (!place.test(filled)) throw new Error(`${file} has no <!-- ${name} -->…<!-- /${name} -->`);
    return filled.replace(place, (_, start: string, end: string) => `${start}${render()}${end}`);
  }, text);
}

// --- tables ---

// Beside bench/ both in the sources (dev/) and in the build (dist/dev/).
const results = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../bench/results/" : "../../bench/results/", import.meta.url),
);

type Tables = Readonly<Record<string, () => string>>;

const reference: Tables = {
  parameters: () =>
    table(
      ["", "takes", "meaning"],
      Object.entries(parameterHelp).map(([name, { takes, meaning }]) => [`\`${name}\``, takes, meaning]),
    ),
  settings: () =>
    table(
      ["variable", "flag", "default", "of", ""],
      Object.values<Setting<unknown>>(settings).flatMap((setting) => [
        [
          `\`${setting.name}\``,
          setting.flag === undefined ? "" : `\`--${setting.flag}\``,
          fallback(setting),
          setting.for.join(", "),
          setting.help,
        ],
        ...(setting.secret === undefined
          ? []
          : [[`\`${setting.name}_FILE\``, "", "", setting.for.join(", "), fileHelp(setting)]]),
      ]),
    ),
  problems: () =>
    table(
      ["code", "status", "cause", "remedy"],
      Object.entries<ProblemKind>(problems).map(([code, { status, title, remedy }]) => [
        `\`${code}\``,
        String(status),
        title,
        remedy,
      ]),
    ),
  scan: () => `\`\`\`\n${scanHelp}\`\`\`\n`,
  benchmarks: () => chosenPromises(results),
};

const operation: Tables = {
  metrics: () =>
    table(
      ["metric", "type", "labels", ""],
      Object.values(metricDefinitions).map(({ name, type, labels, help }) => [
        `\`${name}\``,
        type,
        labels.join(", "),
        help,
      ]),
    ),
};

const tables: Readonly<Record<(typeof generatedFiles)[number], Tables>> = {
  "README.md": reference,
  "k8s/README.md": operation,
  "bench/README.md": { promises: () => allPromises(results) },
};

/** The number of cores is this machine's, not the reader's. */
const byCores: ReadonlyMap<string, string> = new Map([
  [settings.encoders.name, "cores"],
  [settings.warmEncoders.name, "cores"],
  [settings.encoderMemory.name, "`192MiB` a core, at least `1GiB`"],
]);

function fallback(setting: Setting<unknown>): string {
  return byCores.get(setting.name) ?? (setting.fallback === "" ? "" : `\`${setting.fallback}\``);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |`,
  );
  return `${lines.join("\n")}\n`;
}
