import { readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createSite } from "../../../hugo-module/test/hugo-site.ts";
import { animation } from "../../../server/test/support/pictures.ts";
import { startStandIn } from "../../proxy/test/stand-in.ts";
import { run } from "../../test/command.ts";
import { startServer } from "../../test/real-server.ts";

const site = (endpoint: string, sizes: string) => ({
  "config.toml": `baseURL = "https://blog.example/"\n[params.imgproxy]\nendpoint = "${endpoint}"\nsizes = "${sizes}"\n`,
  "content/heavy.md": "# Heavy\n\n![](a.jpg)\n\n![](b.jpg) and ![](b.jpg)\n\n![](b.jpg?w=480)\n",
  "content/light.md": "![](b.jpg?w=480)\n",
});
const photos = { "a.jpg": 4000, "b.jpg": 4000 };

test("a scan weighs each post as a phone and a laptop load it, each file once", async () => {
  await using proxy = await startStandIn(photos);
  await using blog = await createSite(site(proxy.endpoint, "(min-width: 46rem) 44rem, 92vw"));
  const { stdout } = await run(["--site", blog.folder, "--json"]);
  // The stand-in sends ten bytes for each pixel of width. A phone shows 359 px at 3 pixels each, a laptop 704 px at 1.
  const bytes = (...widths: number[]) => ({ bytes: widths.reduce((sum, width) => sum + width * 10, 0) });
  expect(JSON.parse(stdout).posts).toMatchObject([
    {
      file: "content/heavy.md",
      screens: { phone: bytes(1200, 1200, 480), laptop: bytes(800, 800, 480) },
    },
    { file: "content/light.md", screens: { phone: bytes(480), laptop: bytes(480) } },
  ]);
});

test("a post above its budget is an error at its heaviest photograph, and one within it is none", async () => {
  await using proxy = await startStandIn(photos);
  await using blog = await createSite(site(proxy.endpoint, "92vw"));
  const report = `${blog.folder}/report.html`;
  const { code, stdout } = await run(["--site", blog.folder, "--budget", "phone=1B", "--report", report]);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^content\/heavy\.md:[35]:1: error: the images of this post are [\d.]+ \w+ on a phone, above its budget of 1 B; the heaviest: [ab]\.jpg [\d.]+ \w+, /m,
  );
  expect(stdout).toContain("content/light.md:1:1: error: ");
  expect(await readFile(report, "utf8")).toMatch(
    /content\/heavy\.md: [\d.]+ \w+ on a phone, [\d.]+ \w+ on a laptop/,
  );
  expect((await run(["--site", blog.folder, "--budget", "phone=9MB, laptop=1.5MiB"])).code).toBe(0);
});

test("sizes that cannot be computed are named, and no number is made up", async () => {
  await using proxy = await startStandIn(photos);
  await using blog = await createSite(site(proxy.endpoint, "40ch"));
  const { code, stdout } = await run(["--site", blog.folder, "--budget", "laptop=9MB"]);
  expect(code).toBe(0);
  expect(stdout).toContain(
    'content/heavy.md:3:1: warning: the budget for a laptop cannot be computed: sizes "40ch" cannot be computed',
  );
  expect(stdout).not.toContain("content/light.md:");
});

test("an image that cannot be made is not counted, with the server's reason", async () => {
  await using photos = await createSite({});
  await writeFile(`${photos.folder}/long.webp`, await animation("webp", 3));
  await using server = await startServer(photos.folder, { MAX_FRAMES: "2" });
  await using blog = await createSite({
    ...site(server.endpoint, "92vw"),
    "content/heavy.md": "![](long.webp?ar=1:1&w=20)\n",
    "content/light.md": "",
  });
  const args = ["--site", blog.folder, "--budget", "laptop=9MB"];
  const { stdout } = await run(args, { env: { TOKEN: server.token } });
  expect(stdout).toContain(
    "content/heavy.md:1:1: warning: the budget for a laptop cannot be computed: the bytes of long.webp are not known: The original has 3 frames",
  );
});

test.each(["phone", "phone=400", "phone=400 KB;laptop=1MB", "tablet=1MB", "phone=-1KB", ""])(
  "--budget %j is refused with an example",
  async (budget) => {
    const { code, stderr } = await run(["--site", "/nowhere", "--budget", budget]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('such as "phone=400KB,laptop=900KB"; it is')]);
  },
);
