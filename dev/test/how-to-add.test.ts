import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { settings } from "../../server/config/settings.ts";
import { problems } from "../../server/errors.ts";
import { themes } from "../themes/themes.ts";

/** One list of CONTRIBUTING.md, and how to find the files that it must contain. */
interface Recipe {
  /** Matches in every file that has to do with an existing example of the thing, outside of comments. */
  readonly example: RegExp;
  /** Where to search; tests are not searched. */
  readonly folders: RegExp;
  /** Files that match and do not belong into the list, with the reason. */
  readonly exceptions: Readonly<Record<string, string>>;
}

const recipes: Readonly<Record<string, Recipe>> = {
  "A URL parameter": {
    example: /\b(?:fm|fp|focus)\b/,
    folders: /^(contract|layouts|scan|server|hugo-module)\//,
    exceptions: {
      "contract/meta.ts": "a kind of region in metadata",
      "hugo-module/exampleSite/assets/imgproxy.json": "the manifest of the example blog",
      "server/encode/child/metadata/regions.ts": "a kind of region in metadata",
      "server/config/settings.ts": "help texts of settings",
      "server/encode/child/pass-on.ts": "text of an error",
      "server/studio/previews.ts": "uses the photograph's own focus",
      "server/studio/page/shown.ts": "a queue for each format",
      "server/studio/page/studio.css": "the keyboard's focus",
    },
  },
  "A format": {
    example: /["'`.]avif\b|\bavif:/,
    folders: /^(contract|layouts|scan|server)\//,
    exceptions: {
      "contract/cases.json": "examples of URLs",
      "server/studio/page/api.ts": "asks for what readers with AVIF load",
    },
  },
  "A source": {
    example: /["'`]s3["'`]|\bS3\w*|s3:/,
    folders: /^(server|scan|contract)\//,
    exceptions: {
      "scan/init/compose.ts": "the form of SOURCE in files for Compose",
      "scan/init/answers.ts": "text of a question",
      "scan/init/options.ts": "help texts",
      "scan/move/options.ts": "help texts, and the form of --bucket",
      "scan/move/target/parts.ts": "uploads of large files, which only S3 limits",
    },
  },
  "A setting": {
    example: new RegExp(`\\bconfig\\.(?:${Object.keys(settings).join("|")})\\b`),
    folders: /^server\//,
    exceptions: {
      "server/main.ts": "the two settings that the commands need themselves",
      "server/doctor/doctor.ts": "checks of some settings",
      "server/doctor/source.ts": "checks of some settings",
      "server/doctor/volume.ts": "checks of some settings",
    },
  },
  "A metric": {
    example: /imgproxy_lite_|\bmetricDefinitions\b/,
    folders: /^(server|k8s|dev)\//,
    exceptions: { "dev/pages/tables.ts": "writes the table from the definitions" },
  },
  "An error code": {
    // Files that decide about a code; those that only throw it are as many as there are failures.
    example: new RegExp(
      `(?<!new Problem\\(\\s*)"(?:${Object.keys(problems)
        .filter((code) => code.includes("-"))
        .join("|")})"`,
    ),
    folders: /^(server|scan)\//,
    exceptions: {
      "scan/doctor/server.ts": "absent photographs, and a signature that the server refuses",
      "server/doctor/source.ts": "a source without a list",
      "scan/gallery/fill.ts": "files in a folder that are no photographs",
      "scan/gallery/list.ts": "a source without a list",
      "scan/proxy/parse-answers.ts": "an answer about the token",
      "scan/proxy/answers.ts": "absent photographs, which no other code means",
      "scan/proxy/suggestions.ts": "absent photographs, which no other code means",
      "server/api/probe.ts": "absent photographs, which no other code means",
      "server/front/broken-picture.ts": "absent photographs, which no other code means",
      "server/studio/page/calls.ts": "refusals that a token opens, and one that is not repeated",
      "server/source/access-denied.ts": "absent photographs, which no other code means",
      "server/source/confirm-absence.ts": "absent photographs, which no other code means",
      "server/source/folder.ts": "absent photographs, which no other code means",
      "server/encode/child/probe.ts": "photographs that decode only in part",
      "server/encode/child/main.ts": "the code of an unexpected exception",
      "server/image/access.ts": "throws one of two codes",
      "server/image/fetch-original.ts": "throws one of two codes",
      "server/image/serve-original.ts": "ranges, which no other code means",
      "server/image/variants/variants.ts": "failures that other variants do not share",
      "server/source/remote/retry-breaker.ts": "failures that are retried",
      "server/source/remote/watched-body.ts": "failures that are retried",
    },
  },
  "A site parameter": {
    example: /\b(?:eagerfirst|lightbox)\b/,
    // Recipes and results of themes are about the lightboxes of themes.
    folders: /^(contract|layouts|scan|hugo-module(?!\/themes)|dev(?!\/themes))\//,
    exceptions: {
      "hugo-module/assets/imgproxy-lite.css": "styles of one parameter",
      "hugo-module/exampleSite/content/features/lightbox.md": "the example page of one parameter",
      "hugo-module/exampleSite/content/features/placeholder.md": "the example page of another parameter",
    },
  },
  "A shortcode argument": {
    example: /\bnarrow\b/,
    folders: /^(contract|layouts|scan|hugo-module|dev)\//,
    exceptions: {},
  },
  "A check of the doctor": {
    example: /\bdiagnose(?:Edge|Volume)\b/,
    folders: /^(server|scan)\//,
    exceptions: {},
  },
  "A theme recipe": {
    example: /\bpapermod\b/i,
    folders: /^(contract|layouts|scan|server|hugo-module|dev|k8s)\//,
    exceptions: {},
  },
};

const root = fileURLToPath(new URL("../../", import.meta.url));
const [, chapter = ""] =
  /^## How to add …$(.*?)^## /ms.exec(readFileSync(path.join(root, "CONTRIBUTING.md"), "utf8")) ?? [];
const lists = new Map(
  chapter
    .split(/^### /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf("\n")), filesNamedIn(text)] as const),
);
const texts = new Map(
  execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((file) => /\.(?:ts|html|json|md|yaml|env|css)$/.test(file) && existsSync(path.join(root, file)))
    .map((file) => [file, withoutComments(file, readFileSync(path.join(root, file), "utf8"))] as const),
);

test("CONTRIBUTING.md says how to add each kind of thing that is checked here", () => {
  expect([...lists.keys()]).toEqual(Object.keys(recipes));
});

describe.each(Object.entries(recipes))("how to add: %s", (title, { example, folders, exceptions }) => {
  const listed = lists.get(title) ?? [];

  test(`${title}: every file in the list of CONTRIBUTING.md exists`, () => {
    expect(listed.length).toBeGreaterThan(3);
    expect(listed.filter((file) => !texts.has(file))).toEqual([]);
  });

  test(`${title}: every file that mentions an existing one is in the list, or is an exception with a reason`, () => {
    const places = [...texts].flatMap(([file, text]) =>
      folders.test(file) && !file.includes("/test/") && example.test(text) ? [file] : [],
    );
    expect(places.filter((file) => !listed.includes(file) && exceptions[file] === undefined)).toEqual([]);
    expect(Object.keys(exceptions).filter((file) => !places.includes(file))).toEqual([]);
  });
});

test("every theme recipe is built by npm run test:themes, and has a row in the manual", () => {
  const files = [...texts.keys()].filter((file) => file.startsWith("hugo-module/themes/"));
  const manual = texts.get("hugo-module/README.md") ?? "";
  const rows = [...manual.matchAll(/^\| \[[\w-]+\]\((themes\/[\w.-]+)\)/gm)].map(
    ([, file]) => `hugo-module/${file}`,
  );
  expect(themes.map(({ name }) => `hugo-module/themes/${name}.md`).toSorted()).toEqual(files);
  expect(rows.toSorted()).toEqual(files);
});

// --- texts ---

/** Paths in backticks; names of fields, commands and examples in backticks are no paths. */
function filesNamedIn(text: string): string[] {
  return [...text.matchAll(/`([\w@./-]+\.(?:ts|html|json|md|yaml|env|css))`/g)].map(([, file = ""]) => file);
}

function withoutComments(file: string, text: string): string {
  if (file.endsWith(".ts")) return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/ .*/gm, "");
  if (file.endsWith(".html")) return text.replace(/\{\{-?\s*\/\*[\s\S]*?\*\/\s*-?\}\}/g, "");
  return text;
}
