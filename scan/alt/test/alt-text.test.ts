import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createSite } from "../../../hugo-module/test/hugo-site.ts";
import { startStandIn } from "../../proxy/test/stand-in.ts";
import { run } from "../../test/command.ts";

const photos = { "worms.jpg": 900, "trips/IMG_4711.jpg": 900, "my_photo-2.jpg": 900, "lake.jpg": 900 };
const site = (endpoint: string, files: Readonly<Record<string, string>>) => ({
  "config.toml": `baseURL = "https://blog.example/"\ntheme = "imgproxy-lite"\n[params.imgproxy]\nendpoint = "${endpoint}"\n`,
  ...files,
});

const bad: [markdown: string, words: string | undefined][] = [
  ["![](worms.jpg)", "worms.jpg has no alt text"],
  ["![  ](worms.jpg)", "worms.jpg has no alt text"],
  ["![][ref]\n\n[ref]: worms.jpg", "worms.jpg has no alt text"],
  ['{{< figure src="worms.jpg" >}}', "worms.jpg has no alt text"],
  ['{{< img "worms.jpg" >}}', "worms.jpg has no alt text"],
  ["![worms.jpg](worms.jpg)", 'worms.jpg has a file name as its alt text, "worms.jpg"'],
  ["![IMG_4711](trips/IMG_4711.jpg)", 'trips/IMG_4711.jpg has a file name as its alt text, "IMG_4711"'],
  ["![DSC-0815](worms.jpg)", 'worms.jpg has a file name as its alt text, "DSC-0815"'],
  ["![my_photo-2](my_photo-2.jpg)", 'my_photo-2.jpg has a file name as its alt text, "my_photo-2"'],
  ["![DSC0001 copy](worms.jpg)", 'worms.jpg has a file name as its alt text, "DSC0001 copy"'],
  ["![_DSC1234-Edit-2](worms.jpg)", 'worms.jpg has a file name as its alt text, "_DSC1234-Edit-2"'],
  ["![IMG_4711 (1)](lake.jpg)", 'lake.jpg has a file name as its alt text, "IMG_4711 (1)"'],
  ["![IMG-20260501-WA0001](lake.jpg)", 'lake.jpg has a file name as its alt text, "IMG-20260501-WA0001"'],
  ["![20260501_123000](lake.jpg)", 'lake.jpg has a file name as its alt text, "20260501_123000"'],
  ["![trips/lake.HEIC](lake.jpg)", 'lake.jpg has a file name as its alt text, "trips/lake.HEIC"'],
  ["![image](worms.jpg)", 'worms.jpg has an alt text that says nothing, "image"'],
  ["![Alt text](worms.jpg)", 'worms.jpg has an alt text that says nothing, "Alt text"'],
  ["![A picture.](worms.jpg)", 'worms.jpg has an alt text that says nothing, "A picture."'],
  ['{{< img src="worms.jpg" alt="photo" >}}', 'worms.jpg has an alt text that says nothing, "photo"'],
  [
    '{{< figure src="worms.jpg" alt="Featured image" >}}',
    'worms.jpg has an alt text that says nothing, "Featured image"',
  ],
  ["![Cafe\u0301](worms.jpg)\n\n![Café](lake.jpg)", 'lake.jpg has the alt text of worms.jpg, "Café"'],
  ["![The lake](worms.jpg)\n\n![the  lake](lake.jpg)", 'lake.jpg has the alt text of worms.jpg, "the  lake"'],
];
const good: string[] = [
  "![worms](worms.jpg)",
  "![Glow-worms, *at night*](worms.jpg)",
  "![The lake](lake.jpg)\n\n![The lake](lake.jpg?w=300)",
  "![](worms.jpg#decorative)",
  '{{< img src="worms.jpg" alt="" >}}',
  '{{< img "worms.jpg" "Worms" >}}',
  '{{< figure src="worms.jpg" caption="Worms after *rain*" >}}',
  "![Image 5 of the series](worms.jpg)",
  "![1984](worms.jpg)",
  "![The image of a saint](worms.jpg)",
  "![Photo of Ann](worms.jpg)",
  "![P. 12 of the album](worms.jpg)",
  "![Hafen 2](worms.jpg)",
  "![Title page](worms.jpg)",
];

test("--require-alt names each image without a text that says something, and no other", async () => {
  await using proxy = await startStandIn(photos);
  const posts = [...bad.map(([text]) => text), ...good].map((text, at): [string, string] => [
    `content/p${String(at).padStart(2, "0")}.md`,
    `---\ntitle: A post\n---\n${text}\n`,
  ]);
  await using blog = await createSite(site(proxy.endpoint, Object.fromEntries(posts)));
  const { code, stdout } = await run(["--site", blog.folder, "--require-alt", "--json"]);
  expect(code).toBe(1);
  const { findings } = JSON.parse(stdout);
  expect(
    findings.map(({ file, severity, message }: Record<string, string>) => [file, severity, message]),
  ).toEqual(bad.map(([, words], at) => [posts[at]?.[0], "error", words]));
});

test("without --require-alt, a scan counts such images in one line, lists them in its report, and succeeds", async () => {
  await using proxy = await startStandIn(photos);
  await using blog = await createSite(
    site(proxy.endpoint, {
      "content/a.md": "one ![](worms.jpg)\n",
      "content/b.md": "![](lake.jpg) ![lake.jpg](lake.jpg)\n",
      "content/c.md": "![](worms.jpg#decorative)\n",
    }),
  );
  const report = `${blog.folder}/report.html`;
  const { code, stdout } = await run(["--site", blog.folder, "--report", report]);
  expect(code).toBe(0);
  expect(stdout).toContain(
    "of the images, 2 have no alt text, 1 has a file name as alt text: --require-alt names each\n",
  );
  expect(stdout).not.toContain("error:");
  expect(await readFile(report, "utf8")).toContain("content/a.md:1:5: worms.jpg has no alt text");
});
