import { copyFile, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createSite } from "../../hugo-module/test/hugo-site.ts";
import { temporaryFolder } from "../../server/test/support/temporary-folder.ts";
import { run } from "./command.ts";
import { startServer } from "./real-server.ts";

const photo = fileURLToPath(new URL("../../hugo-module/exampleSite/photos/worms.jpg", import.meta.url));

test("a scan remembers the sizes of variants: a server that has all of them does not send them again", async () => {
  const photos = await temporaryFolder();
  for (const name of ["worms.jpg", "boats.jpg"]) await copyFile(photo, path.join(photos, name));
  await using server = await startServer(photos);
  await using site = await createSite({
    "config.toml": `baseURL = "https://blog.example/"
[params.imgproxy]
endpoint = "${server.endpoint}"
tiers = [{width = 160, quality = 60}, {width = 320, quality = 50}]
`,
    "content/a.md": "![](worms.jpg) ![](boats.jpg)\n",
  });
  const scan = async () => {
    const { stdout } = await run(["--site", site.folder, "--json"], { env: { TOKEN: server.token } });
    const { hits, made, bytesBefore, bytesAfter } = JSON.parse(stdout).summary;
    return { hits, made, bytesBefore, bytesAfter };
  };
  const file = path.join(site.folder, "resources/imgproxy-lite/weights.txt");

  const first = await scan();
  expect(first).toMatchObject({ hits: 0, made: 12 });
  expect(first.bytesAfter).toBeGreaterThan(1_000);
  expect((await readFile(file, "utf8")).match(/image\/(?:avif|webp|jpeg) \d+/g)).toHaveLength(12);

  const { mtimeMs } = await stat(file);
  await expect.poll(scan).toEqual({ ...first, hits: 12, made: 0 });
  expect((await stat(file)).mtimeMs).toBe(mtimeMs);

  // A checkout without this file.
  await rm(file);
  expect(await scan()).toEqual({ ...first, hits: 12, made: 0 });
  expect((await readFile(file, "utf8")).match(/image\/(?:avif|webp|jpeg) \d+/g)).toHaveLength(12);

  // One post is deleted and one line is invalid: both are gone from the file.
  await writeFile(path.join(site.folder, "content/a.md"), "![](worms.jpg)\n");
  await writeFile(file, `${await readFile(file, "utf8")}what is this\n`);
  expect(await scan()).toEqual({
    hits: 6,
    made: 0,
    bytesBefore: first.bytesBefore / 2,
    bytesAfter: first.bytesAfter / 2,
  });
  expect((await readFile(file, "utf8")).split("\n").map((line) => line.split(" ")[0])).toEqual([
    expect.stringMatching(/^img=worms.jpg&q=50&v=[0-9a-f]{10}&w=320$/),
    expect.stringMatching(/^img=worms.jpg&q=60&v=[0-9a-f]{10}&w=160$/),
    "",
  ]);
});

test("a check accepts what the scan before it has made, whatever its effort, unless it asks for more", async () => {
  const photos = await temporaryFolder();
  await copyFile(photo, path.join(photos, "worms.jpg"));
  await using server = await startServer(photos);
  await using site = await createSite({
    "config.toml": `baseURL = "https://blog.example/"
[params.imgproxy]
endpoint = "${server.endpoint}"
versioned = false
tiers = [{width = 40, quality = 50}]
`,
    "content/a.md": "![](worms.jpg)\n",
    "public/index.html": `<!doctype html><img src="${server.endpoint}?img=worms.jpg&amp;q=50&amp;w=40">`,
  });
  const made = async (...args: string[]) => {
    const { stdout } = await run(["--site", site.folder, "--json", ...args], {
      env: { TOKEN: server.token },
    });
    return JSON.parse(stdout).summary.made;
  };
  expect(await made("--effort", "0")).toBe(3);
  expect(await made("--check", "public")).toBe(0);
  expect(await made("--check", "public", "--effort", "2")).toBe(3);
  expect(await made()).toBe(1);
  expect(await made("--check", "public")).toBe(0);
});
