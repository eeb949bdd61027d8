import { CannotRun } from "../cannot-run.ts";
import type { Post } from "../content/found.ts";
import { formatBytes } from "../counted.ts";
import type { Finding } from "../findings.ts";
import { type PageWeight, pageWeight, type Screen, screens } from "./page-weight.ts";

/** Maximum bytes of the images of one post, for each screen that has a maximum. */
export type Budget = Readonly<Partial<Record<Screen, number>>>;

/** `phone=400KB,laptop=900KB`. @throws CannotRun */
export function parseBudget(text: string): Budget {
  const budget: Partial<Record<Screen, number>> = {};
  for (const part of text.split(",")) {
    const [, name = "", number, unit = ""] =
      /^\s*([a-z]+)\s*=\s*(\d{1,9}(?:\.\d{1,3})?)\s*(B|[kK]B|MB|KiB|MiB)\s*$/.exec(part) ?? [];
    if (!isScreen(name) || number === undefined)
      throw new CannotRun(
        `--budget takes sizes for ${Object.keys(screens).join(" and ")}, such as "phone=400KB,laptop=900KB"; it is ${text}`,
      );
    budget[name] = Number(number) * (bytesIn[unit] ?? 1);
  }
  return budget;
}

const bytesIn: Readonly<Record<string, number>> = {
  KB: 1_000,
  kB: 1_000,
  MB: 1e6,
  KiB: 1024,
  MiB: 1024 ** 2,
};

function isScreen(name: string): name is Screen {
  return Object.hasOwn(screens, name);
}

/** An error for each post above its budget, at its heaviest photograph; a warning where it cannot be computed. */
export function budgetFindings(
  posts: readonly Post[],
  budget: Budget,
  answers: Parameters<typeof pageWeight>[2],
): Finding[] {
  return posts.flatMap((post) =>
    (Object.entries(budget) as [Screen, number][]).flatMap(([screen, most]) =>
      findingsOf(post.file, screen, most, pageWeight(post, screen, answers)),
    ),
  );
}

function findingsOf(file: string, screen: Screen, most: number, weight: PageWeight): Finding[] {
  const [heaviest] = weight.files;
  const [uncounted] = weight.unknown;
  const findings: Finding[] = [];
  if (uncounted !== undefined) {
    const { line, column } = uncounted.use;
    const message = `the budget for a ${screen} cannot be computed: ${uncounted.why}`;
    findings.push({ severity: "warning", file, line, column, message });
  }
  if (heaviest !== undefined && weight.bytes > most) {
    const { line, column } = heaviest.use;
    const list = weight.files.slice(0, 3).map(({ use, bytes }) => `${use.key} ${formatBytes(bytes)}`);
    const message = `the images of this post are ${formatBytes(weight.bytes)} on a ${screen}, above its budget of ${formatBytes(most)}; the heaviest: ${list.join(", ")}`;
    findings.push({ severity: "error", file, line, column, message });
  }
  return findings;
}
