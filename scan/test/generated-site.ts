import fc from "fast-check";
import { config, targetName } from "./fixtures/parts.ts";

/** A small site made up of what decides where its images are: every page shows one, which has a key of its own. */
export interface GeneratedSite {
  readonly env: Readonly<Record<string, string>>;
  files(hugoMinor: number): Readonly<Record<string, string>>;
}

/** Sites as fast-check makes them; what a version refuses, or leaves to the order of a Go map, is not among them. */
export const generatedSite: fc.Arbitrary<GeneratedSite> = fc
  .record({
    languages: fc.constantFrom("none", "two", "three", "folders"),
    german: fc.constantFrom("", "tiers", "resolve", "drafts", "zone", "future", "expired", "dates", "direct"),
    root: fc.subarray(["drafts", "future", "expired", "filename", "kinds", "unsafe", "ignored", "git"]),
    zone: fc.constantFrom("", "Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin"),
    where: fc.constantFrom("file", "folder", "theme", "environment"),
    stage: fc.constantFrom("", "", "staging", "Staging"),
    cascade: fc.constantFrom("", "all", "path", "kind", "elsewhere", "german"),
    mounts: fc.constantFrom("", "second", "filtered", "theme"),
    sections: fc.array(fc.record({ folder: folders(), front: sectionFront(), language: suffix() }), {
      maxLength: 3,
    }),
    pages: fc.array(
      fc.record({
        folder: folders(),
        name: fc.constantFrom("", "", "bundle", "bundle", "2999-01-01-", "2001-01-01-", "v1.2-"),
        language: suffix(),
        front: pageFront(),
        format: fc.constantFrom("yaml", "yaml", "toml"),
      }),
      { minLength: 5, maxLength: 12 },
    ),
  })
  .map((choice) => ({ env: environment(choice), files: (minor) => filesOf(choice, minor) }));

// --- what pages say ---

/** The date and time in UTC, a number of hours from now, without a zone. */
function wall(hours: number): string {
  return new Date(Date.now() + hours * 60 * 60 * 1000).toISOString().slice(0, 19);
}

function folders() {
  return fc.constantFrom("", "alpha", "alpha/Inner Part", "beta");
}

function suffix() {
  return fc.constantFrom("", "", "", ".de", ".fr", ".en", ".xx");
}

/** Times that a zone moves from the past into the future or back, and others. */
function dates() {
  return fc.constantFrom(
    "2001-01-01",
    "2999-01-01",
    wall(-6),
    wall(6),
    `${wall(6)}Z`,
    `${wall(-20)}+05:00`,
    '""',
  );
}

function pageFront() {
  const names = ["date", "publishDate", "expiryDate", "lastmod", "mine"];
  const aliases = ["pubdate", "modified", "published", "unpublishdate"];
  const line = fc.oneof(
    fc.constantFrom("draft: true", "draft: false", 'draft: "true"', "published: false", "published: true"),
    fc.tuple(fc.constantFrom(...names, ...aliases), dates()),
    fc.constantFrom("headless: true", "nowhere", "listed", "linked", "unlisted"),
    fc.constantFrom("imgproxy: {tiers: eco}", "imgproxy: {resolve: page}", "imgproxy: false"),
    fc.constantFrom(
      "params: {imgproxy: {fixed: 90}}",
      "cascade: {imgproxy: {fixed: 91}}",
      "cascade: {draft: true}",
    ),
  );
  return fc.array(line, { maxLength: 4 });
}

function sectionFront() {
  return fc.constantFrom(
    "",
    "draft: true",
    "cascade: {draft: true}",
    "cascade: {draft: false}",
    "cascade: {imgproxy: {fixed: 71}}",
    "cascade: {params: {imgproxy: {fixed: 72}}}",
    "cascade: {date: 2999-01-01}",
    "imgproxy: {fixed: 73}",
    "date: 2999-01-01",
    "given",
  );
}

// --- files ---

interface Choice {
  readonly languages: string;
  readonly german: string;
  readonly root: readonly string[];
  readonly zone: string;
  readonly where: string;
  readonly stage: string;
  readonly cascade: string;
  readonly mounts: string;
  readonly sections: readonly {
    readonly folder: string;
    readonly front: string;
    readonly language: string;
  }[];
  readonly pages: readonly {
    readonly folder: string;
    readonly name: string;
    readonly language: string;
    readonly front: readonly (string | readonly [string, string])[];
    readonly format: string;
  }[];
}

function filesOf(choice: Choice, minor: number): Record<string, string> {
  const { where, sections, pages } = choice;
  const files: Record<string, string> = {
    ...configuration(choice, minor),
    // What has no page of its own is read in lists.
    "layouts/_default/list.html": "{{ .Content }}{{ range site.RegularPages }}{{ .Content }}{{ end }}",
  };
  const own = "publishDate: 2999-01-01";
  // Of two cascades that give the same, an older Hugo takes the one that comes first in a Go map.
  const isKnown = (line: string | readonly [string, string]) =>
    minor >= 160 || choice.cascade === "" || !/^cascade: .*imgproxy/.test(String(line));
  if (where === "theme")
    files["themes/t/config.toml"] = "[params.imgproxy]\nfixed = 66\n[params.note]\nx = 1\n";
  sections.forEach(({ folder, front, language }, at) => {
    if (folder === "") return;
    const text = front === "given" ? `cascade: {${targetName(minor)}: {kind: page}, ${own}}` : front;
    files[`content/${folder}/_index${known(choice, language)}.md`] = page(
      `section${at}`,
      [text].filter(isKnown),
      "yaml",
      minor,
    );
  });
  pages.forEach(({ folder, name, language, front, format }, at) => {
    const root = rootOf(choice, language, at);
    const below = folder === "" ? root : `${root}/${folder}`;
    // Before 0.123 a bundle is lost where two mounts have its folder's parent.
    const isLost = minor < 123 && folder === "beta" && /^(?:second|filtered)$/.test(choice.mounts);
    const isBundle = name === "bundle" && !isLost;
    const stem = isBundle ? `page${at}/index` : `${name === "bundle" ? "" : name}page${at}`;
    const file = `${below}/${stem}${language}.md`;
    files[file] = page(`page${at}`, front.filter(isKnown), format, minor);
  });
  return files;
}

/** Before 0.123 `_index.xx.md` is an ordinary page if there is no language xx. */
function known({ languages }: Choice, suffix: string): string {
  return suffix === ".de" || suffix === ".en" ? (languages === "none" ? "" : suffix) : "";
}

/** German pages may have a folder of their own, and some pages come from another mount or a theme. */
function rootOf({ languages, mounts }: Choice, language: string, at: number): string {
  if (languages === "folders" && language === "" && at % 3 === 0) return "german";
  if (at % 4 !== 1) return "content";
  return mounts === "theme" ? "themes/t/content" : mounts === "" ? "content" : "more";
}

const builds: Readonly<Record<string, string>> = {
  nowhere: "{render: never, list: never}",
  listed: "{render: never}",
  linked: "{render: link, list: never}",
  unlisted: "{list: never}",
};

function page(key: string, front: Choice["pages"][number]["front"], format: string, minor: number): string {
  const lines = new Map<string, string>();
  for (const line of front) {
    const [word = "", ...rest] = typeof line === "string" ? line.split(/: (.*)/) : line;
    const build = builds[word];
    // Newer versions read only a date in it.
    if (word === "published" && /^(?:true|false)$/.test(rest[0] ?? "") && minor > 131) continue;
    const name = build === undefined ? word : minor < 123 ? "_build" : "build";
    if (name !== "" && !lines.has(name)) lines.set(name, build ?? rest[0] ?? "");
  }
  const body = `![](${key}.jpg)\n`;
  if (format === "toml") {
    const toml = [...lines].map(([name, value]) => `${name} = ${inToml(value)}`);
    return `+++\ntitle = "${key}"\n${toml.join("\n")}\n+++\n${body}`;
  }
  const yaml = [...lines].map(([name, value]) => `${name}: ${value}`);
  return `---\ntitle: ${key}\n${yaml.join("\n")}\n---\n${body}`;
}

/** Words of a table are text there; times without an offset stay times without one. */
function inToml(yaml: string): string {
  return yaml.startsWith("{")
    ? yaml.replace(/(\w+): /g, "$1 = ").replace(/= (eco|page|never|link)\b/g, '= "$1"')
    : yaml;
}

// --- configuration ---

function configuration(choice: Choice, minor: number): Record<string, string> {
  const { where, root, zone } = choice;
  const has = (name: string) => root.includes(name);
  const lines = [
    where === "theme" || choice.mounts === "theme" ? 'theme = "t"' : "",
    zone === "" ? "" : `timeZone = "${zone}"`,
    has("drafts") && where !== "environment" ? "buildDrafts = true" : "",
    has("future") ? "buildFuture = true" : "",
    has("expired") ? "buildExpired = true" : "",
    has("git") ? 'ignoreFiles = ["page3"]' : "",
    languageLines(choice),
    has("filename") ? '[frontmatter]\ndate = ["mine", ":filename", ":default"]' : "",
    has("unsafe") ? "[markup.goldmark.renderer]\nunsafe = true" : "",
    cascadeLines(choice, minor),
    mountLines(choice.mounts, minor),
  ];
  const text = config(lines.filter((line) => line !== "").join("\n"));
  // Before 0.123 the pages of a section that is not built may be lost, or what is given to them.
  const kinds = has("kinds") && minor >= 123 ? text.replace('["taxonomy",', '["section", "taxonomy",') : text;
  const theme = choice.mounts === "theme" || where === "theme" ? { "themes/t/layouts/empty.html": "" } : {};
  if (where !== "folder") return { "config.toml": kinds, ...theme };
  return {
    "config/_default/hugo.toml": kinds,
    "config/_default/params.toml": "[imgproxy]\nfixed = 55\n",
    "config/production/params.toml": "[imgproxy]\nfixed = 44\n",
    "config/staging/params.toml": "[imgproxy]\nfixed = 33\n",
    "config/staging/hugo.toml": "buildFuture = true\n",
    ...theme,
  };
}

function environment({ where, stage }: Pick<Choice, "where" | "stage">): Record<string, string> {
  return {
    ...(stage !== "" && { HUGO_ENVIRONMENT: stage }),
    ...(where === "environment" && {
      HUGO_BUILDDRAFTS: "true",
      HUGO_PARAMS_IMGPROXY_FIXED: "88",
      HUGOxPARAMSxIMGPROXYxRESOLVE: "page",
    }),
  };
}

function languageLines({ languages, german }: Choice): string {
  if (languages === "none") return "";
  const endpoint = 'endpoint = "https://images.example/"';
  const params: Readonly<Record<string, string>> = {
    tiers: `[languages.de.params.imgproxy]\n${endpoint}\ntiers = [{width = 700, quality = 50}]`,
    resolve: `[languages.de.params.imgproxy]\n${endpoint}\nresolve = "page"`,
    direct: "[languages.de.params]\nnote = 1",
    dates: '[languages.de.frontmatter]\ndate = ["mine", ":filename", ":default"]',
  };
  const lines: Readonly<Record<string, string>> = {
    drafts: "buildDrafts = true",
    zone: 'timeZone = "Pacific/Kiritimati"',
    future: "buildFuture = true",
    expired: "buildExpired = true",
  };
  return `defaultContentLanguage = "en"
[languages.en]
weight = 1
[languages.de]
weight = 2
${lines[german] ?? ""}
${languages === "folders" ? 'contentDir = "german"' : ""}
${params[german] ?? ""}
${languages === "three" ? "[languages.fr]\ndisabled = true" : "[languages.fr]\nweight = 3"}`;
}

function cascadeLines({ cascade, languages }: Choice, minor: number): string {
  const target = targetName(minor);
  const targets: Readonly<Record<string, string>> = {
    path: 'path = "{/alpha/**,/beta/page*}"',
    kind: 'kind = "{page,home}"',
    elsewhere: 'environment = "{staging,development}"',
    german: minor >= 153 ? '[cascade.target.sites.matrix]\nlanguages = ["de"]' : 'lang = "de"',
  };
  if (cascade === "" || (cascade === "german" && languages === "none")) return "";
  const wanted = targets[cascade];
  const table =
    wanted === undefined ? "" : wanted.startsWith("[") ? wanted : `[cascade.${target}]\n${wanted}`;
  return `[[cascade]]\n${table}\n[cascade.imgproxy]\ntiers = [{width = 321, quality = 32}]`;
}

function mountLines(mounts: string, minor: number): string {
  if (mounts !== "second" && mounts !== "filtered") return "";
  const filter = minor >= 153 ? 'files = ["! **page1*", "**"]' : 'excludeFiles = ["**page1*"]';
  return `[module]
[[module.mounts]]
source = "content"
target = "content"
[[module.mounts]]
source = "more"
target = "content/beta"
${mounts === "filtered" ? filter : ""}`;
}
