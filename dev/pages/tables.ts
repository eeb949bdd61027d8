import { fileURLToPath } from "node:url";
import { parameterHelp } from "../../contract/url/request.ts";
import { scanHelp } from "../../scan/commands/scan-help.ts";
import { fileHelp, type Setting, settings } from "../../server/config/settings.ts";
import { type ProblemKind, problems } from "../../server/errors.ts";
import { metricDefinitions } from "../../server/telemetry/metric-definitions.ts";
import { type Release, readRelease } from "./release.ts";
import { allPromises, chosenPromises, chosenTables } from "./results.ts";

/** The files with generated tables, below the repository's root. */
export const generatedFiles = [
  "README.md",
  "hugo-module/README.md",
  "docs/machine/README.md",
  "docs/machine/compose.yaml",
  "k8s/README.md",
  "k8s/image/kustomization.yaml",
  "bench/README.md",
] as const;

/**
 * The text of a file with each `<!-- name -->…<!-- /name -->` filled from the definitions, and with the image of the release.
 * @param release whose addresses are written.
 * @throws Error if the text has no place for a table.
 */
export function withTables(
  file: (typeof generatedFiles)[number],
  text: string,
  release: Release = readRelease(),
): string {
  const withImage = text.replace(imageReference, (_, between?: string) =>
    between === undefined ? release.image : `${release.image}${between}${release.version}`,
  );
  return Object.entries(tables(release)[file]).reduce((filled, [name, render]) => {
    const place = new RegExp(`^( *)(.*<!-- ${name} -->\\n)[^]*?(^.*<!-- /${name} -->)`, "m");
    if (!place.test(filled)) throw new Error(`${file} has no <!-- ${name} -->…<!-- /${name} -->`);
    return filled.replace(place, (_, indent: string, start: string, end: string) => {
      // The block can be inside a list.
      const lines = render().replaceAll(/^(?=.)/gm, indent);
      return `${indent}${start}${lines}${end}`;
    });
  }, withImage);
}

// --- tables ---

// Beside bench/ both in the sources (dev/) and in the build (dist/dev/).
const results = fileURLToPath(
  new URL(
    import.meta.url.endsWith(".ts") ? "../../bench/results/" : "../../../bench/results/",
    import.meta.url,
  ),
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

const tables = (release: Release): Readonly<Record<(typeof generatedFiles)[number], Tables>> => ({
  "README.md": { ...reference, clone: () => cloning(release), install: () => installation(release) },
  "hugo-module/README.md": {
    install: () => installation(release),
    ways: () => ways(release),
    publishing: () => chosenTables(results, "looks", ["Publishing one photograph"], "../"),
  },
  "k8s/README.md": operation,
  "docs/machine/README.md": {},
  "docs/machine/compose.yaml": {},
  "k8s/image/kustomization.yaml": {},
  "bench/README.md": {
    benchmarks: () => chosenPromises(results),
    race: () => chosenTables(results, "race", ["New images", "Hits"], "../"),
    looks: () => chosenTables(results, "looks", ["Default pictures of other programs"], "../"),
    promises: () => allPromises(results),
  },
});

// --- addresses ---

function cloning({ repository }: Release): string {
  const name = repository.slice(repository.lastIndexOf("/") + 1);
  return `\`\`\`sh
git clone ${repository} && cd ${name}
npm ci && npm run demo   # the server, the scan, and the example blog at http://localhost:1313/
npm ci && npm test       # types, lint, tests with real parts: sharp, Hugo, Chromium
\`\`\`
`;
}

function installation({ file }: Release): string {
  return `\`\`\`sh
echo allow-remote=root >> .npmrc   # npm 12 installs no address that package.json names without it
npm install --save-dev ${file}
\`\`\`
`;
}

function ways({ file, git, repository }: Release): string {
  const moduleName = "github.com/imgproxy-lite/imgproxy-lite";
  return table(
    ["way", "commands", "needs"],
    [
      ["release, npm", `\`npm install --save-dev --allow-remote=root ${file}\``, "Node ≥20.19"],
      ["release, pnpm", `\`pnpm add --save-dev --allow-build=exifreader ${file}\``, "Node ≥20.19"],
      [
        "release, yarn",
        `\`yarn add --dev imgproxy-lite@${file}\``,
        "Node ≥20.19; from yarn 2 on, `nodeLinker: node-modules` in `.yarnrc.yml`",
      ],
      [
        "git, built by npm",
        `\`npm install --save-dev --allow-git=root ${git}\``,
        "Node ≥20.19, git, two minutes; npm alone: pnpm, yarn and `--ignore-scripts` do not build",
      ],
      [
        "git submodule as a theme",
        `\`git submodule add ${repository} themes/imgproxy-lite && npm --prefix themes/imgproxy-lite ci\`, and \`theme = ["imgproxy-lite", "your-theme"]\` instead of the import`,
        "git; Node ≥20.19 for the scan",
      ],
      [
        "Go module",
        `\`hugo mod init blog && hugo mod get ${moduleName}\`, without \`replacements\``,
        "Go, git; Node and one of the ways above for the scan",
      ],
      ["vendored", "then `hugo mod vendor`", "Go once; the build needs neither Go nor a network"],
    ],
  );
}

/** The image's name in commands and manifests, mostly with its version. */
const imageReference = /ghcr\.io\/[\w.-]+\/[\w.-]*\w(?:(:|\n *newTag: )[\w.-]*\w)?/g;

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
