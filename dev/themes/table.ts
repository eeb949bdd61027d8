import type { Theme } from "./themes.ts";
import type { Outcome } from "./try-theme.ts";

export interface Tried {
  readonly theme: Theme;
  readonly version?: string;
  readonly outcome?: Outcome;
  /** The reason, if it was not tried. */
  readonly skipped?: string;
}

/** The manual's table of results. */
export function resultsTable(tried: readonly Tried[]): string {
  const rows = tried.map(({ theme, version, outcome, skipped }) => {
    const name = `[${theme.name}](themes/${theme.name}.md)`;
    if (outcome === undefined) return `| ${name} | not tried: ${skipped} | | | | |`;
    const { build, pictures, cover, gallery, check } = outcome;
    const cell = (problems: readonly string[]) =>
      build.length > 0 ? "does not build" : problems.length === 0 ? "yes" : "no";
    const covers =
      theme.showsCovers === false && cover.length === 0 ? "og:image; it shows no covers" : cell(cover);
    const opened = theme.gallery === undefined ? "none tried" : cell(gallery);
    return `| ${name} | ${version} | ${cell(pictures)} | ${covers} | ${opened} | ${cell(check)} |`;
  });
  return [
    "| theme | version | pictures | cover and og:image from the proxy | gallery or lightbox | `--check` |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}
