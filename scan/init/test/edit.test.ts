import { describe, expect, test } from "vitest";
import { createSite, extremes } from "../../../hugo-module/test/hugo-site.ts";
import { type Edit, editConfig, type Format } from "../edit/edit.ts";

const edits: readonly Edit[] = [
  { kind: "set", path: ["module", "replacements"], value: "a -> ../b" },
  { kind: "prepend", path: ["module", "imports"], value: "ours" },
  { kind: "set", path: ["params", "imgproxy", "endpoint"], value: "https://i.example/" },
  { kind: "set", path: ["params", "imgproxy", "sizes"], value: '(min-width: 9px) "3"', comment: "Why." },
  { kind: "set", path: ["params", "imgproxy", "frontmatter"], value: ["cover", "photos"] },
  { kind: "set", path: ["params", "cover", "relative"], value: false },
];

/** Text after all edits that are possible, and the paths of the others. */
function edited(format: Format, before: string): { readonly text: string; readonly left: readonly string[] } {
  const left: string[] = [];
  const text = edits.reduce((text, edit) => {
    const after = editConfig(text, format, edit);
    if (after === undefined) left.push(edit.path.join("."));
    return after ?? text;
  }, before);
  return { text, left };
}

const inParams = ["endpoint", "sizes", "frontmatter"].map((name) => `params.imgproxy.${name}`);

describe.each<readonly [Format, string, string, readonly string[]]>([
  ["toml", "an empty file", "", []],
  ["toml", "keys alone", 'baseURL = "https://blog.example/" # here\n# The theme\ntitle = "x"', []],
  [
    "toml",
    "tables with comments",
    'title = "x"\n\n[params] # mine\n  env = "production"\n\n  [params.cover]\n    relative = true # for now\n\n# Modules\n[module]\n  # Themes\n  [[module.imports]]\n    path = "a"\n    disable = true\n\n[menu]\n',
    [],
  ],
  ["toml", "imports without their table", '[[module.imports]]\npath = "a"\ndisable = true\n', []],
  [
    "toml",
    "a list of imports",
    'title = "x"\nmodule.imports = [\n  { path = "a", disable = true },\n]\n',
    [],
  ],
  ["toml", "dotted keys", '[params]\nimgproxy.endpoint = "old" # keep\nCover.hidden = true\n', []],
  [
    "toml",
    "inline tables",
    'params = { x = 1, cover = {relative = true} } # mine\nmodule = { imports = [{ path = "a", disable = true }] }\n',
    [],
  ],
  [
    "toml",
    "empty inline tables in tables",
    "[module]\nimports = []\n[params]\nimgproxy = {}\ncover = { }\n",
    [],
  ],
  [
    "toml",
    "a text that looks like a table",
    'copyright = """\n[params]\n[params.imgproxy]\n"""\n[params]\nx = 1\n',
    [],
  ],
  ["toml", "Windows line ends", 'title = "x"\r\n[params]\r\n  x = 1\r\n', []],
  [
    "toml",
    "names with capitals",
    '[Params.Imgproxy]\nEndpoint = "old"\n[Module]\nReplacements = "x -> y"\n',
    [],
  ],
  ["yaml", "an empty file", "", []],
  [
    "yaml",
    "blocks with comments",
    "# My blog\ntitle: x\n\nparams: # mine\n    env: production # really\n    cover:\n        relative: true # for now\n\n    # The end\nmenu:\n    main: []\n",
    [],
  ],
  [
    "yaml",
    "imports in the column of their key",
    "module:\n  imports:\n  # themes\n  - path: a\n    disable: true\n",
    [],
  ],
  ["yaml", "empty values", "params:\nmodule:\n  imports: []\ntitle: x\n", []],
  [
    "yaml",
    "flow mappings",
    'module: {imports: [{path: a, disable: true}]}\n"params": { a: "{params: {", cover: {relative: true} } # mine\n',
    [],
  ],
  ["yaml", "a document with an end", "---\ncopyright: |\n  params:\n    imgproxy: no\n...\n", []],
  ["yaml", "quoted keys", '"params":\n  \'imgproxy\':\n    endpoint: "old" # keep\n', []],
  [
    "yaml",
    "an anchor",
    "params: &p\n  a: 1\nlanguages:\n  en:\n    params: *p\n",
    [...inParams, "params.cover.relative"],
  ],
  ["json", "an empty table", "{}\n", []],
  [
    "json",
    "tables",
    '{\n  "title": "x",\n  "params": {\n    "a": [1, {"imgproxy": 2}]\n  },\n  "module": { "imports": [ { "path": "a", "disable": true } ] }\n}\n',
    [],
  ],
  ["json", "tabs", '{\n\t"params": {\n\t\t"imgproxy": {}\n\t}\n}\n', []],
])("a configuration in %s: %s", (format, name, before, left) => {
  test(`${format}, ${name}: every line stays in its place, a second edit changes nothing, and the rest is left`, () => {
    const once = edited(format, before);
    expect(once.left).toEqual(left);
    for (const edit of edits.filter(({ kind, path }) => kind === "set" && !left.includes(path.join("."))))
      expect(editConfig(once.text, format, edit)).toBe(once.text);
    for (const comment of before.match(/# [A-Za-z ]+/g) ?? []) expect(once.text).toContain(comment);
    if (before.includes("\r\n")) expect(once.text.replaceAll("\r\n", "")).not.toContain("\n");
  });

  test.runIf(extremes.length > 0 && format !== "json")(
    `${format}, ${name}: the real Hugo reads the values`,
    async () => {
      const { text } = edited(format, before);
      const shown = text.replace("ours", "t");
      await using site = await createSite({
        "config.toml": "",
        [`hugo.${format}`]: shown,
        "themes/t/theme.toml": "",
        "themes/a/theme.toml": "",
        "layouts/index.html":
          "{{ site.Params.imgproxy.endpoint }} {{ site.Params.imgproxy.sizes }} {{ site.Params.cover.relative }}",
      });
      for (const hugo of extremes) {
        const { files, errors } = await site.build(hugo, { arguments: ["--config", `hugo.${format}`] });
        expect(errors).toEqual([]);
        if (left.length === 0)
          expect(files.get("index.html")).toBe("https://i.example/ (min-width: 9px) &#34;3&#34; false");
      }
    },
  );
});
