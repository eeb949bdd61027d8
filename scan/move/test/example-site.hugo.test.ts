import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { buildSite, copyExampleSite, hugos, moduleRoot } from "../../../hugo-module/test/hugo-site.ts";
import { urlsIn } from "../../test/blog.ts";
import { run } from "../../test/command.ts";
import { endpoint, reportOf } from "./blog.ts";

/** The example blog, with its photographs in static/ instead of beside the site; but for its albums, which only a bucket can list. */
async function exampleBlog() {
  const outside = await mkdtemp(path.join(tmpdir(), "example-move-"));
  const [site, photos] = [path.join(outside, "site"), path.join(outside, "photos")];
  await copyExampleSite(site);
  const config = await readFile(path.join(site, "config.toml"), "utf8");
  await writeFile(path.join(site, "config.toml"), config.replace(/^ *replacements = .*$/m, ""));
  await rename(path.join(site, "photos"), path.join(site, "static"));
  await cp(path.join(site, "static/compass.svg"), path.join(photos, "compass.svg"));
  await rename(path.join(site, "static/albums"), path.join(photos, "albums"));
  return { outside, site, photos };
}

test.each(hugos)(
  "the example blog's photographs move without a change of its text: Hugo $version",
  async (hugo) => {
    const { outside, site, photos } = await exampleBlog();
    const env = {
      HOME: outside,
      HUGO_CACHEDIR: path.join(outside, "cache"),
      HUGO_MODULE_REPLACEMENTS: `github.com/imgproxy-lite/imgproxy-lite -> ${moduleRoot}`,
    };
    const args = ["--site", site, "--source", photos, "--hugo", hugo.path, "--apply", "--no-git", "--json"];
    const ran = await run(args, { program: "move", env });
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    const { moved, changes, kept } = reportOf(ran);
    expect(changes).toEqual([]);
    expect(kept.map(({ file }) => file).filter((file) => !file.endsWith(".svg"))).toEqual([]);
    expect(moved.length).toBeGreaterThan(5);
    expect((await readdir(path.join(site, "static"))).sort()).toEqual(["compass.svg", "trips"]);
    expect(await readdir(path.join(site, "static/trips"))).toEqual([]);

    const { files, errors } = await buildSite(site, hugo);
    expect(errors).toEqual([]);
    const keys = new Set(
      [...files.values()].flatMap((html) =>
        Array.from(urlsIn(html, endpoint), (url) => new URL(url).searchParams.get("img")),
      ),
    );
    for (const { key } of moved) expect(keys).toContain(key);
    await rm(outside, { recursive: true });
  },
);
