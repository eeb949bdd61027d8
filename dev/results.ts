import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a page of `bench/results/` says, as far as an overview needs it. */
interface Measurement {
  readonly claim: string;
  readonly title: string;
  /** Such as `2026-11-24 23:15 UTC by … on 2 cores of …`. */
  readonly measured: string;
  /** Rows of claim, promised, measured, kept. */
  readonly rows: readonly (readonly string[])[];
}

/** The promises of all benchmarks that have been run and what came of them, as Markdown. */
export function benchmarkOverview(folder: string): string {
  const measurements = readMeasurements(folder);
  const rows = measurements.flatMap(({ claim, title, rows }) =>
    rows.map((cells) => [`[${title}](bench/results/${claim}.md)`, ...cells]),
  );
  if (rows.length === 0) return "No benchmark has been run for this version yet: `npm run bench -- hits`.\n";
  const lines = [["", "claim", "promised", "measured", "kept"], ["---", "---", "--:", "--:", "--:"], ...rows];
  const table = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const plots = measurements
    .filter(({ claim }) => claim === "hits")
    .map(({ claim, title }) => `![${title}](bench/results/${claim}.svg)`);
  return `${[...plots, table, machines(measurements)].join("\n\n")}\n`;
}

// --- pages ---

function readMeasurements(folder: string): readonly Measurement[] {
  const claims = listed(folder).flatMap((file) =>
    file.endsWith(".md") ? [file.slice(0, -".md".length)] : [],
  );
  return claims.sort().map((claim) => {
    const text = readFileSync(join(folder, `${claim}.md`), "utf8");
    const [, targets = ""] = /^\| claim \| promised .*\n\| --- .*\n((?:\|.*\n)*)/m.exec(text) ?? [];
    return {
      claim,
      title: /^# (.+)$/m.exec(text)?.[1] ?? claim,
      measured: /^Measured (.+)\.$/m.exec(text)?.[1] ?? "",
      rows: targets
        .split("\n")
        .filter(Boolean)
        .map((line) => line.slice(2, -2).split(" | ")),
    };
  });
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** One sentence for each machine: a number without its machine and date says nothing. */
function machines(measurements: readonly Measurement[]): string {
  const places = measurements.map(({ measured }) => {
    const [, day = "", machine = ""] = /^(\S+) .* on (.+)$/.exec(measured) ?? [];
    return `${day}, ${machine}`;
  });
  return [...new Set(places)].map((place) => `Measured ${place}.`).join(" ");
}
