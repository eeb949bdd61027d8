import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSite, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { restingState } from "../watch/content-state.ts";
import { commandLine, run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

let photos: string;
let server: RealServer;
let picture: Buffer;

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "watched-photos-"));
  await mkdir(path.join(photos, "alps"));
  picture = await sharp({ create: { width: 30, height: 20, channels: 3, background: "#369" } })
    .jpeg()
    .toBuffer();
  for (const name of ["alps/a.jpg", "worms.jpg"]) await writeFile(path.join(photos, name), picture);
  server = await startServer(photos, { TOKEN: "" }, ["--dev"]);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

/** The command while it runs, and the lines that it prints. */
interface Watching extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves when it has printed a line that has this text, after those that were waited for. */
  line(text: string): Promise<string>;
}

function startWatch(folder: string): Watching {
  const { file, args, cwd, env } = commandLine(["--site", folder, "--watch"], {});
  const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async line(text) {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`it ended without a line with ${text}`);
        if (value.includes(text)) return value;
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

test("scan --watch writes the manifest after each change of the posts, of their photographs and of a gallery's folder, and nothing ends it but a signal", async () => {
  await using site = await createSite({
    "config.toml": siteConfig(`[params.imgproxy]\nendpoint = "${server.endpoint}"`),
    "content/one.md": "![](worms.jpg)\n",
  });
  const post = (text: string) => writeFile(path.join(site.folder, "content/one.md"), text);
  const manifest = async () =>
    JSON.parse(await readFile(path.join(site.folder, "assets/imgproxy.json"), "utf8"));
  await using watching = startWatch(site.folder);
  await watching.line("the manifest has 1 photograph");

  const first = (await manifest()).images["worms.jpg"].version;
  await writeFile(path.join(photos, "worms.jpg"), await sharp(picture).negate().jpeg().toBuffer());
  await watching.line("the manifest has 1 photograph");
  await expect.poll(async () => (await manifest()).images["worms.jpg"].version).not.toBe(first);
  await post("![](worms.jpg) ![](later/rain.jpg)\n");
  await watching.line("later/rain.jpg: There is no such photograph");
  await mkdir(path.join(photos, "later"));
  await writeFile(path.join(photos, "later/rain.jpg"), picture);
  await watching.line("the manifest has 2 photographs");
  await rm(path.join(photos, "later"), { recursive: true });
  await watching.line("later/rain.jpg: There is no such photograph");

  await post('![](worms.jpg)\n\n{{< imgproxy/gallery "alps" >}}\n');
  await watching.line("the manifest has 2 photographs and 1 gallery");
  await expect.poll(async () => (await manifest()).galleries).toEqual({ alps: ["alps/a.jpg"] });

  await writeFile(path.join(photos, "alps/b.jpg"), picture);
  await watching.line("the manifest has 3 photographs and 1 gallery");
  await expect.poll(async () => (await manifest()).galleries).toEqual({ alps: ["alps/a.jpg", "alps/b.jpg"] });

  const { version } = (await manifest()).images["alps/b.jpg"];
  await writeFile(path.join(photos, "alps/b.jpg"), await sharp(picture).negate().jpeg().toBuffer());
  await watching.line("the manifest has 3 photographs and 1 gallery");
  await expect.poll(async () => (await manifest()).images["alps/b.jpg"].version).not.toBe(version);

  await post('---\ntitle: "a\n---\n![](worms.jpg)\n\n{{< imgproxy/gallery "alsp" >}}\n');
  expect(await watching.line("front matter does not parse")).toContain("content/one.md:");
  await watching.line('there is no such folder. Is it "alps"?');
  await writeFile(path.join(site.folder, "config.toml"), 'title = "a');
  await watching.line("config.toml");
  await writeFile(
    path.join(site.folder, "config.toml"),
    siteConfig(`[params.imgproxy]\nendpoint = "${server.endpoint}"`),
  );
  await mkdir(path.join(site.folder, "content/new"));
  await writeFile(path.join(site.folder, "content/new/two.md"), 'Text {{< imgproxy/gallery "alps" >}}\n');
  await watching.line("the manifest has 3 photographs and 2 galleries");

  // A file of the site is shown instead of the bucket's, and a template of the site instead of the module's shortcode.
  const writeOwn = async (name: string, text: Uint8Array | string) => {
    await mkdir(path.dirname(path.join(site.folder, name)), { recursive: true });
    await writeFile(path.join(site.folder, name), text);
  };
  await writeOwn("static/worms.jpg", picture);
  await post("![](worms.jpg) ![](alps/a.jpg)\n");
  await watching.line("the manifest has 2 photographs and 1 gallery");
  await rm(path.join(site.folder, "static/worms.jpg"));
  await watching.line("the manifest has 3 photographs and 1 gallery");
  await writeOwn("static/worms.jpg", picture);
  await watching.line("the manifest has 2 photographs and 1 gallery");
  await writeOwn("layouts/shortcodes/imgproxy/gallery.html", "nothing");
  await watching.line("the manifest has 1 photograph");

  // No variant was made: readers' requests make them.
  expect(await server.metric("imgproxy_lite_encode_duration_seconds_count")).toBe(0);
  watching.child.kill("SIGINT");
  expect(await once(watching.child, "close")).toEqual([0, null]);
});

test("scan --watch waits for a file that is empty or away for a moment, and reads the content without it if it stays so", async () => {
  const full = new Map([["one.md", "1 20"]]);
  const written = new Map([["one.md", "3 30"]]);
  for (const lost of [new Map([["one.md", "2 0"]]), new Map()]) {
    const states = [lost, lost, lost, written, written];
    const looked = await restingState(
      async () => states.shift() ?? written,
      full,
      new AbortController().signal,
    );
    expect([looked, states]).toEqual([written, []]);
  }
  const growing = [written, full, written];
  await restingState(async () => growing.shift() ?? written, full, new AbortController().signal);
  expect(growing).toEqual([]);
  expect(await restingState(async () => new Map(), full, new AbortController().signal)).toEqual(new Map());
});

test("scan --watch refuses options that need an end", async () => {
  for (const option of ["--json", "--dry-run", "--check=public", "--budget=phone=1KB"]) {
    const { code, stderr } = await run(["--watch", option]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--watch and --")]);
  }
});
