import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { createSite, hugos, moduleRoot, runHugo } from "../../../hugo-module/test/hugo-site.ts";
import { publishedPages } from "../../content/pages.ts";
import { every } from "../../test/fixtures/every.ts";
import type { Fixture } from "../../test/fixtures/sites.ts";
import { loadConfig } from "../config/config.ts";
import { type ConfigTree, isTree, treeAt } from "../config/tree.ts";
import { siteLanguages } from "../languages.ts";
import { loadSite } from "../site.ts";

// What Hugo itself reports about a site. CONTRIBUTING.md explains why the scan does not ask Hugo.
describe.each(hugos.slice(-1))("what Hugo $version says of a site is what the scan reads", (hugo) => {
  const hugoMinor = Number(hugo.version.split(".")[1]);

  test.each(Object.entries(every))(
    "the scan reads a site's configuration as Hugo does: %s",
    async (_, fixture: Fixture) => {
      await using site = await createSite(fixture.files(hugoMinor));
      const env = {
        ...fixture.env,
        HUGO_MODULE_REPLACEMENTS: `github.com/imgproxy-lite/imgproxy-lite -> ${moduleRoot}`,
      };
      const ask = async (...args: string[]) => {
        const { output, exitCode } = await runHugo(site.folder, hugo, [...args, "-e", "production"], env);
        if (exitCode !== 0) throw new Error(output);
        return output;
      };
      const source = { folder: site.folder, environment: "production", variables: env, hugoMinor };

      const { values } = await loadConfig(source);
      for (const { name, config } of siteLanguages(values, hugoMinor).enabled) {
        const theirs = JSON.parse(jsonIn(await ask("config", "--format", "json", "--lang", name)));
        expect([name, settings(config)]).toEqual([name, settings(theirs)]);
      }

      const read = await loadSite(source);
      const mounts = hugoMounts(await ask("config", "mounts"));
      for (const component of ["content", "static", "assets", "layouts"] as const) {
        const ours = read.mounts[component].map(({ source, target }) => ({
          source,
          target: path.posix.join(component, target),
        }));
        expect(ours).toEqual(mounts.filter(({ target }) => `${target}/`.startsWith(`${component}/`)));
      }

      const listed = parseList(await ask("list", "published"));
      const pages = [...publishedPages(read, new Date(), () => {})];
      const files = new Set(pages.map(({ file }) => file));
      expect(listed.filter(({ file, shown }) => shown && !files.has(file))).toEqual([]);
      // Hugo lists neither drafts and future pages that the site builds, nor pages that are in no list.
      const surplus = pages.filter(
        ({ file, values, language: { build } }) =>
          !listed.some((one) => one.file === file) &&
          !(build.drafts || build.future || build.expired || "build" in values),
      );
      expect(surplus.map(({ file }) => file)).toEqual([]);
    },
  );
});

// --- what is compared ---

/** Hugo leaves out empty values. */
function settings(config: ConfigTree) {
  const flag = (name: string) => /^(?:true|1)$/.test(String(config[name] ?? false));
  return {
    params: withoutEmpty(config.params ?? {}),
    build: { drafts: flag("builddrafts"), future: flag("buildfuture"), expired: flag("buildexpired") },
    timezone: config.timezone ?? "",
    ignorefiles: [config.ignorefiles ?? []].flat(),
    disablekinds: config.disablekinds ?? [],
    unsafe: treeAt(config, "markup", "goldmark", "renderer").unsafe ?? false,
  };
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, withoutEmpty(inner)] as const)
      .filter(([, inner]) => inner !== "" && inner !== false && inner !== 0),
  );
}

/** Warnings are before or after the JSON. */
function jsonIn(output: string): string {
  return output.slice(output.search(/^\{/m), output.lastIndexOf("\n}") + 2);
}

function hugoMounts(output: string): { readonly source: string; readonly target: string }[] {
  return jsonIn(output)
    .split(/\n(?=\{)/)
    .map((text): Module => JSON.parse(text))
    .flatMap(({ dir, mounts }) =>
      (mounts ?? []).map(({ source, target }) => ({ source: path.resolve(dir, source), target })),
    )
    .filter(({ source }) => existsSync(source));
}

interface Module {
  readonly dir: string;
  readonly mounts?: readonly { readonly source: string; readonly target: string }[];
}

/** Lines of a CSV file whose titles have no commas; a page that is not rendered has no address. */
function parseList(output: string): { readonly file: string; readonly shown: boolean }[] {
  const lines = output
    .slice(output.search(/^path,/m))
    .trim()
    .split("\n")
    .slice(1);
  return lines.map((line) => ({
    file: line.slice(0, line.indexOf(",")),
    shown: /,https?:\/\//.test(line),
  }));
}
