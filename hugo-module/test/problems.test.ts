import { mkdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { createSite, hugos, siteConfig } from "./hugo-site.ts";

const files = {
  "config.toml": siteConfig('[params.imgproxy]\nendpoint = "https://images.example/"'),
  "layouts/_default/rss.xml": "{{ range site.RegularPages }}{{ .Content }}{{ end }}",
  "content/good.md": "![a](a.jpg)",
  "content/bad.md": "![a](a%5Cb.jpg) ![b]() ![c](javascript:alert(1)) ![d](d.jpg?q=0) ![e](a%5Cb.jpg)",
};

const problems = [
  'imgproxy-lite: bad.md: image "": names no image, so only its text is shown',
  'imgproxy-lite: bad.md: image "a%5Cb.jpg": the key "a\\\\b.jpg" contains a backslash',
  'imgproxy-lite: bad.md: image "d.jpg?q=0": q=0 is ignored: it takes a whole number from 1 to 100',
  'imgproxy-lite: bad.md: image "javascript:alert(1)": is not an address that a page may load, so only its text is shown',
];

describe.each([...hugos])("Hugo $version", (hugo) => {
  test("each problem is one warning, with page and destination, and the site is built", async () => {
    await using site = await createSite(files);
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    expect([...built.warnings].sort()).toEqual(problems);
    expect(built.files.get("bad/index.html")).toContain(' b c <img src="https://images.example/?img=d.jpg');
  });

  test("with strict = true a problem fails the build", async () => {
    await using site = await createSite(files);
    const built = await site.build(hugo, { env: { HUGO_PARAMS_IMGPROXY_STRICT: "true" } });
    expect(built.errors.join("\n")).toContain(problems[1]);
  });

  test.each([
    ["TIERS", '[{"width":'],
    ["TIERS", '[{"width": 800, "quality": 60},]'],
    ["FORMATS", "[avif]"],
    ["SOURCES", '[{"prefix": "https://old.example/" "key": ""}]'],
    ["SOCIAL", '{"width": 01}'],
  ])(
    "an error names the parameter if the environment's HUGO_PARAMS_IMGPROXY_%s is %s",
    async (name, value) => {
      await using site = await createSite(files);
      const built = await site.build(hugo, { env: { [`HUGO_PARAMS_IMGPROXY_${name}`]: value } });
      expect(built.errors.join("\n")).toContain(
        `HUGO_PARAMS_IMGPROXY_${name}, is broken JSON: ${value}; correct`,
      );
    },
  );

  test("the warning for an unknown parameter names the one that was probably meant", async () => {
    await using site = await createSite({
      ...files,
      "config.toml": siteConfig(
        '[params.imgproxy]\nendpoint = "https://images.example/"\nsize = "50vw"\nqualitty = 3\nwidths = [1]\nmode = 1',
      ),
      "content/bad.md": "---\nimgproxy:\n  eager: true\n---\n![](a.jpg?quality=40&utm_source=x)",
    });
    const { warnings, errors } = await site.build(hugo);
    expect(errors).toEqual([]);
    expect([...warnings].sort()).toEqual([
      'imgproxy-lite: bad.md: image "a.jpg?quality=40&utm_source=x": quality is ignored: did you mean q=?',
      ...["eager: did you mean eagerfirst?", "mode", "qualitty", "size: did you mean sizes?"].map(
        (words) => `imgproxy-lite: imgproxy has no parameter ${words}`,
      ),
      "imgproxy-lite: imgproxy has no parameter widths: did you mean tiers?",
    ]);
  });

  test.each([
    ["ENDPOINT", "/images/", 'a URL such as "https://images.example/"'],
    ["ENDPOINT", "images.example", 'a URL such as "https://images.example/"'],
    ["PLACEHOLDER", "blur", "none, color or image"],
    ["FIGURE", "maybe", "true or false"],
    ["FIXED", "wide", "a whole number from 0 to 3840"],
  ])("the build ends if HUGO_PARAMS_IMGPROXY_%s is %s", async (name, value, takes) => {
    await using site = await createSite(files);
    const built = await site.build(hugo, { env: { [`HUGO_PARAMS_IMGPROXY_${name}`]: value } });
    expect(built.errors.join("\n")).toContain(
      `params.imgproxy.${name.toLowerCase()} takes ${takes}; it is "${value}"`,
    );
  });

  test("the environment's JSON of every kind is read", async () => {
    await using site = await createSite(files);
    const built = await site.build(hugo, {
      env: {
        HUGO_PARAMS_IMGPROXY_TIERS: '[ {"width": 640, "quality": 4e1},\n{"quality":30, "width":960}]',
        HUGO_PARAMS_IMGPROXY_SOURCES: '[{"prefix": "https://old.example/\\"[{\\u00e9", "key": ""}]',
        HUGO_PARAMS_IMGPROXY_FRONTMATTER: "[]",
      },
    });
    expect(built.errors).toEqual([]);
    expect(built.files.get("good/index.html")).toMatch(/q=40&amp;w=640 640w, [^,]+q=30&amp;w=960 960w"/);
  });

  test.each(["color", "image"])(
    "manifest entries that no scan has written are not printed, where placeholder = %s, and the others are",
    async (placeholder) => {
      const good = {
        width: 4000,
        height: 3000,
        version: "0123456789",
        color: "#aabbcc",
        placeholder: "UklGRg==",
      };
      const evil = `red"><script>alert(1)</script>`;
      const hostile: Record<string, unknown> = {
        color: { ...good, color: evil, placeholder: "" },
        style: { ...good, color: "red;background:url(//evil.example)", placeholder: "" },
        placeholder: { ...good, placeholder: `x) 50%,url("//evil.example` },
        version: { ...good, version: evil },
        width: { ...good, width: evil },
        height: { ...good, height: `1" onload="alert(1)` },
        negative: { ...good, width: -4000 },
        half: { ...good, height: 0.5 },
        short: { width: 4000, height: 3000 },
        number: 5,
        nothing: null,
        list: [],
      };
      const names = Object.keys(hostile);
      const images = Object.fromEntries(
        [["good", good], ...Object.entries(hostile)].map(([name, image]) => [`${name}.jpg`, image]),
      );
      await using site = await createSite({
        "config.toml": siteConfig(
          `[params.imgproxy]\nendpoint = "https://images.example/"\nplaceholder = "${placeholder}"`,
        ),
        "assets/imgproxy.json": JSON.stringify({ schema: 1, images }),
        "content/good.md": "![a](good.jpg)",
        "content/first.md": names.map((name) => `![${name}](${name}.jpg)`).join(" "),
        "content/second.md": names.map((name) => `![${name}](${name}.jpg){.class}`).join("\n\n"),
        "content/third.md": `text\n\n${names.map((name) => `{{< img src="${name}.jpg" alt="x" >}}`).join("\n\n")}`,
        "layouts/_default/single.html": `{{ .Content }}{{ partial "imgproxy/social.html" (dict "page" . "src" "version.jpg") }}{{ partial "imgproxy/preload.html" . }}`,
      });
      const built = await site.build(hugo);
      expect(built.errors).toEqual([]);
      const pages = [...built.files].filter(([name]) => name.endsWith(".html")).map(([, text]) => text);
      expect(pages.join("\n")).not.toMatch(/script|evil|onload|-4000|0\.5|&v=[^0]/);
      expect(built.files.get("first/index.html")?.match(/<img /g)).toHaveLength(names.length);
      expect(built.files.get("good/index.html")).toContain("&amp;v=0123456789");
      expect(built.files.get("good/index.html")).toContain(
        placeholder === "color" ? "background:#aabbcc" : "base64,UklGRg==",
      );
      expect(
        built.warnings.filter((words) =>
          words.includes(`has ${names.length} entries that no scan has written`),
        ),
      ).toHaveLength(1);
    },
  );

  test("a manifest of a later version fails the build, and every member of schema 2 is accepted", async () => {
    const image = { width: 4000, height: 3000, version: "0123456789" };
    const full = {
      ...image,
      color: "#aabbcc",
      focus: "30,70",
      q: { avif: 48 },
      hdr: true,
      damaged: 63,
      meta: { title: `"><script>alert(1)</script>`, iso: 100 },
    };
    await using site = await createSite({
      "content/good.md": "![a](good.jpg)",
      "assets/imgproxy.json": JSON.stringify({
        schema: 2,
        images: { "good.jpg": full },
        galleries: { alps: ["good.jpg"] },
      }),
    });
    const built = await site.build(hugo);
    expect([built.errors, built.warnings]).toEqual([[], []]);
    expect(built.files.get("good/index.html")).toContain('width="4000" height="3000"');
    expect(built.files.get("good/index.html")).not.toContain("script");
    await writeFile(
      `${site.folder}/assets/imgproxy.json`,
      JSON.stringify({ schema: 3, images: { "good.jpg": image } }),
    );
    const refused = await site.build(hugo);
    expect(refused.errors.join("\n")).toContain(
      "has schema 3, and this version of the module reads 1 and 2: update the module",
    );
  });

  test("a file that is no manifest fails the build with the remedy", async () => {
    await using site = await createSite({ "content/good.md": "![a](good.jpg)" });
    const conflict = '{"schema":2,"images":{\n<<<<<<< HEAD\n=======\n>>>>>>> theirs\n}}\n';
    for (const [text, words] of [
      [conflict, /imgproxy\.json has the marks of a merge conflict .*scan again/],
      ['"a"', /imgproxy\.json is not a manifest: scan again/],
      ["[1]", /imgproxy\.json is not a manifest: scan again/],
    ] as const) {
      await mkdir(`${site.folder}/assets`, { recursive: true });
      await writeFile(`${site.folder}/assets/imgproxy.json`, text);
      expect((await site.build(hugo)).errors.join("\n")).toMatch(words);
    }
    await writeFile(`${site.folder}/assets/imgproxy.json`, '{"schema":2,"images":5,"galleries":"a"}');
    expect((await site.build(hugo)).errors).toEqual([]);
  });

  test("without an endpoint there is one warning, and images stay plain", async () => {
    await using site = await createSite({ ...files, "config.toml": siteConfig() });
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    expect(
      built.warnings.filter((warning) => warning.includes("params.imgproxy.endpoint is not set")),
    ).toHaveLength(1);
    expect(built.files.get("good/index.html")).toContain('<img src="a.jpg" alt="a" loading="lazy"');
  });
});
