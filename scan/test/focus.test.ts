import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSite, extremes, siteConfig, unescapeHtml } from "../../hugo-module/test/hugo-site.ts";
import { run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

const newest = extremes.at(-1);
let photos: string;
let server: RealServer;

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "focused-photos-"));
  await writeFile(path.join(photos, "side.png"), await square(240));
  await writeFile(path.join(photos, "middle.png"), await square(140));
  server = await startServer(photos);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

/** A red square in the middle of the height of a grey field. */
function square(left: number): Promise<Buffer> {
  const create = { width: 320, height: 200, channels: 3 as const, background: "#70757a" };
  const red = { create: { ...create, width: 40, height: 40, background: "#d03020" } };
  return sharp({ create })
    .composite([{ input: red, left, top: 80 }])
    .png()
    .toBuffer();
}

test.runIf(newest)(
  "a scan writes the focus of photographs, Hugo prints it, a check finds the same URLs, and a destination decides otherwise",
  async () => {
    await using site = await createSite({
      "config.toml": siteConfig(
        `[params.imgproxy]\nendpoint = "${server.endpoint}"\ntiers = [{width = 100, quality = 60}]\nstylesheet = false\n`,
      ),
      "layouts/_default/single.html":
        '<head>{{ template "_internal/opengraph.html" . }}</head>{{ partial "imgproxy/img.html" (dict "page" . "src" .Params.cover "alt" "c") }}{{ .Content }}',
      "content/own.md":
        '---\ncover: side.png\n---\n![a](side.png?ar=1:1)\n\n![b](middle.png?ar=1:1)\n\n![e](side.png)\n\n{{< img src="side.png" alt="d" narrow="crop" >}}\n',
      "content/asked.md":
        '---\ncover: side.png?focus=10,90\n---\n![a](side.png?ar=1:1&focus=20,80)\n\n![b](middle.png?focus=1,2)\n\n{{< img src="middle.png?focus=1,2#x" alt="d" narrow="crop" narrow-ar="200:100" >}}\n',
      "content/wrong.md": "---\ncover: side.png?focus=0.3,0.7\n---\n![a](side.png?gravity=faces)\n",
    });
    if (newest === undefined) return;
    const scan = async (...args: string[]) => {
      const env = { TOKEN: server.token };
      const { code, stdout } = await run(["--site", site.folder, "--json", ...args], { env });
      return { code, report: JSON.parse(stdout) };
    };

    const first = await scan();
    expect(first.report.findings).toMatchObject([
      {
        file: "content/wrong.md",
        line: 2,
        message: expect.stringContaining(
          "focus=0.3,0.7 is ignored: it takes two whole numbers from 0 to 100",
        ),
      },
      { file: "content/wrong.md", line: 4, message: expect.stringContaining("did you mean focus=?") },
    ]);
    const manifest = JSON.parse(await readFile(path.join(site.folder, "assets/imgproxy.json"), "utf8"));
    const { focus } = manifest.images["side.png"];
    expect(focus).toMatch(/^(?:7[89]|8[0-4]),(?:4[6-9]|5[0-4])$/);
    expect(manifest.images["middle.png"]).not.toHaveProperty("focus");

    const built = await site.build(newest);
    expect(built.errors).toEqual([]);
    for (const [name, text] of built.files) {
      const file = path.join(site.folder, "public", name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    const page = (name: string) => unescapeHtml(built.files.get(`${name}/index.html`) ?? "");
    const tag = (name: string, alt: string) =>
      page(name).match(new RegExp(`<img [^>]*alt="${alt}"[^>]*>`))?.[0];
    const preview = (name: string) => /og:image" content="([^"]*)"/.exec(page(name))?.[1];
    const printed = encodeURIComponent(focus);
    const [x, y] = focus.split(",");
    expect(preview("own")).toContain(`?ar=40%3A21&fm=jpg&fp=${printed}&img=side.png`);
    expect(preview("asked")).toContain("?ar=40%3A21&fm=jpg&fp=10%2C90&img=side.png");
    expect(tag("own", "c")).toContain(`style="object-position:${x}% ${y}%`);
    expect(page("own")).toContain(`<img src="${server.endpoint}?ar=1%3A1&fp=${printed}&img=side.png`);
    expect(tag("own", "b")).toContain("?ar=1%3A1&img=middle.png");
    expect(page("own").match(/object-position/g)).toHaveLength(2);
    expect(tag("asked", "a")).toContain("?ar=1%3A1&fp=20%2C80&img=side.png");
    expect(tag("asked", "b")).toContain('style="object-position:1% 2%');
    const narrow = (name: string) => /<source media="[^"]*" srcset="([^ ]*)[^>]*>/.exec(page(name))?.[1];
    expect(narrow("own")).toContain(`?ar=4%3A5&fp=${printed}&img=side.png`);
    expect(narrow("asked")).toContain("?ar=2%3A1&fp=1%2C2&img=middle.png");

    const check = await scan("--check", "public");
    expect(check.report).toMatchObject({ unscanned: [], unemitted: [], summary: { made: 0, failed: 0 } });
  },
);
