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

/** Every promise of every benchmark and what came of it, as Markdown; links are relative to `bench/`. */
export function allPromises(folder: string): string {
  return overview(folder, "results/", (rows) => rows);
}

/** The first promise of each benchmark and the plot of hits; links are relative to the repository's root. */
export function firstPromises(folder: string): string {
  const plot = listed(folder).includes("hits.svg") ? "![Hits from memory](bench/results/hits.svg)\n\n" : "";
  return plot + overview(folder, "bench/results/", (rows) => rows.slice(0, 1));
}

function overview(
  folder: string,
  link: string,
  choose: (rows: Measurement["rows"]) => Measurement["rows"],
): string {
  const measurements = readMeasurements(folder);
  const rows = measurements.flatMap(({ claim, title, rows }) =>
    choose(rows).map((cells) => [`[${title}](${link}${claim}.md)`, ...cells]),
  );
  if (rows.length === 0) return "No benchmark has been run for this version yet: `npm run bench -- hits`.\n";
  const lines = [["", "claim", "promised", "measured", "kept"], ["---", "---", "--:", "--:", "--:"], ...rows];
  return `${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n\n${machines(measurements)}\n`;
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
