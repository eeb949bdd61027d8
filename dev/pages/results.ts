import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What an overview takes from a page of `bench/results/`. */
interface Measurement {
  readonly claim: string;
  readonly title: string;
  /** Such as `2026-11-24`. */
  readonly day: string;
  /** Cores, memory, kernel and Node: a number without its machine says nothing. */
  readonly machine: string;
  /** Rows of claim, promised, measured, kept. */
  readonly rows: readonly (readonly string[])[];
}

/** The eight numbers: the page, its row, and what the row is called there. */
const chosen = [
  ["hits", "30 KB: CPU, as shipped ÷ bare node:http", "A hit from memory: CPU ÷ a bare node:http server"],
  ["disk", "CPU ÷ bare node:http that reads and checks the file", "A hit from disk: CPU ÷ the same server"],
  ["misses", "avif, 800 px: wall ÷ bare sharp", "A new AVIF of 800 pixels: time ÷ bare sharp"],
  ["warm", "p99 of hits during a warm ÷ idle", "Hits during a warm-up: p99 ÷ p99 of an idle server"],
  ["memory", "peak", "Memory at ten times the load that it can encode"],
  ["hook", "CPU that ours adds ÷ what Hugo's own adds", "The hook in a build: CPU ÷ Hugo's own hook"],
  ["scan", "wall ÷ hugo building the site", "A scan of 2,000 posts: time ÷ hugo building them"],
  ["start", "exec to /readyz, folder", "Start of the server, until it is ready"],
] as const;

/** Every promise of every benchmark with its result, as Markdown; links are relative to `bench/`. */
export function allPromises(folder: string): string {
  const measurements = readMeasurements(folder);
  const rows = measurements.flatMap(({ claim, title, rows }) =>
    rows.map((cells) => [`[${title}](results/${claim}.md)`, ...cells]),
  );
  return overview(["", "claim", "promised", "measured", "kept"], rows, measurements);
}

/**
 * The eight numbers that a user cares about; links are relative to `bench/`.
 * @throws Error when a page has no such row.
 */
export function chosenPromises(folder: string): string {
  const measurements = readMeasurements(folder);
  const found = chosen.flatMap(([claim, row, says]) => {
    const measurement = measurements.find((each) => each.claim === claim);
    if (measurement === undefined) return [];
    const cells = measurement.rows.find(([name]) => name === row);
    if (cells === undefined)
      throw new Error(`bench/results/${claim}.md has no row "${row}"; see dev/pages/results.ts`);
    return [{ measurement, cells: [`[${says}](results/${claim}.md)`, ...cells.slice(1)] }];
  });
  return overview(
    ["", "promised", "measured", "kept"],
    found.map(({ cells }) => cells),
    found.map(({ measurement }) => measurement),
  );
}

/**
 * Tables of one page, for a README.
 * @param root the repository's root, from the folder of that README.
 * @throws Error when the page has no such table.
 */
export function chosenTables(folder: string, claim: string, titles: readonly string[], root = ""): string {
  const text = pageOf(folder, claim);
  if (text === undefined)
    return `This benchmark has not been run for this version yet: \`npm run bench -- ${claim}\`.\n`;
  const tables = titles.map((title) => {
    const [, rows] = text.split(`\n## ${title}\n\n`)[1]?.match(/^((?:\|.*\n)+)/) ?? [];
    if (rows === undefined)
      throw new Error(`bench/results/${claim}.md has no table "${title}"; see dev/pages/tables.ts`);
    return `**${title}**\n\n${rows}`;
  });
  const [measured = ""] = /^Measured .*$/m.exec(text) ?? [];
  return `${tables.join("\n")}\n${measured} [More](${root}bench/results/${claim}.md).\n`;
}

function overview(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  measurements: readonly Measurement[],
): string {
  if (rows.length === 0) return "No benchmark has been run for this version yet: `npm run bench -- hits`.\n";
  const text = head.length - 3;
  const rule = head.map((_, column) => (column < text ? "---" : "--:"));
  const lines = [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n\n${machines(measurements)}\n`;
}

// --- pages ---

function readMeasurements(folder: string): readonly Measurement[] {
  const claims = listed(folder).flatMap((file) =>
    file.endsWith(".md") ? [file.slice(0, -".md".length)] : [],
  );
  return claims.sort().map((claim) => {
    const text = pageOf(folder, claim) ?? "";
    const [, targets = ""] = /^\| claim \| promised .*\n\| --- .*\n((?:\|.*\n)*)/m.exec(text) ?? [];
    const [, day = "", machine = ""] = /^Measured (\S+) .* on (.+)\.$/m.exec(text) ?? [];
    return {
      claim,
      title: /^# (.+)$/m.exec(text)?.[1] ?? claim,
      day,
      machine,
      rows: targets
        .split("\n")
        .filter(Boolean)
        .map((line) => line.slice(2, -2).split(" | ")),
    };
  });
}

/** Undefined if it has never been measured. */
function pageOf(folder: string, claim: string): string | undefined {
  return listed(folder).includes(`${claim}.md`)
    ? readFileSync(join(folder, `${claim}.md`), "utf8")
    : undefined;
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** One sentence for each machine, with its first and last day. */
function machines(measurements: readonly Measurement[]): string {
  const all = [...new Set(measurements.map(({ machine }) => machine))];
  return all
    .map((machine) => {
      const days = measurements.flatMap((each) => (each.machine === machine ? [each.day] : [])).sort();
      const [first = "", last = ""] = [days[0], days.at(-1)];
      return `Measured ${first === last ? first : `${first} to ${last}`} on ${machine}.`;
    })
    .join(" ");
}
