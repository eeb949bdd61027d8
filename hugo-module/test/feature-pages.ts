/** A page for each shortcode and parameter, by name. */
export const features: Readonly<Record<string, string>> = {
  plain: page("plain", '![one](known.jpg)\n\n![two](known.jpg "Title")\n\n![three](unknown.jpg)'),
  small: page("small", "![s](small.jpg)"),
  overrides: page("overrides", "![o](known.jpg?q=33&w=800&class=wide#center)"),
  untiered: page("untiered", "![v](logo.svg) ![a](dance.gif)"),
  attributes: page(
    "attributes",
    '![a](known.jpg "T")\n{.c #i width=300 data-x="a \\"b\\" <c>" onclick="x()"}',
  ),
  figure: page("figure", '![a](known.jpg "T & <T>")\n{.c}', "figure: true"),
  link: page(
    "link",
    '![a](known.jpg)\n\n[![b](small.jpg)](/x/)\n\n*![c](unknown.jpg)*\n\n![d](a.jpg "T")\n{.c}',
    "link: original",
  ),
  inside: page(
    "inside",
    "[![b](small.jpg)](/x/)\n\n# ![c](known.jpg)\n\n![d](unknown.jpg)\n===\n\n|a|\n|-|\n|![e](e.jpg)|",
    "{figure: true, lightbox: true}",
  ),
  widest: page("widest", "![a](known.jpg)", "link: widest"),
  lightbox: page("lightbox", "![a](known.jpg)\n\n![a](logo.svg)", "lightbox: true"),
  picture: page("picture", "![a](known.jpg)\n\n![b](unknown.jpg)", "formats: [avif, webp, jpg]"),
  color: page("color", "![a](known.jpg)", "placeholder: color"),
  placeholder: page("placeholder", '![a](known.jpg)\n{style="outline:0"}', "placeholder: image"),
  off: page("off", "![a](known.jpg)", false),
  captions: page(
    "captions",
    '![](told.jpg)\n\n![a](told.jpg "T")\n\nin ![](told.jpg) text\n\n{{< img "told.jpg" >}}\n\n{{< figure src="told.jpg" class="c" >}}',
    "{captions: photo, exif: true, lightbox: true}",
  ),
  shortcodes: page(
    "shortcodes",
    [
      '{{< figure src="known.jpg" caption="After *rain*" title="T" attr="Me" attrlink="/me/" class="c" link="/x/" target="_blank" rel="noopener" >}}',
      '{{< figure src="known.jpg" alt="a" width="300" height="200" loading="eager" sizes="50vw" >}}',
      '{{< img "known.jpg" "two words" >}}',
      '{{< img src="known.jpg" alt="a" caption="After *rain*" tiers="eco" sizes="50vw" narrow="small.jpg" >}}',
      '{{< img src="known.jpg" alt="a" fixed="300" class="c" id="fixed" >}}',
      '{{< img src="small.jpg" alt="a" fixed="300" >}}',
      '{{< img src="known.jpg" alt="a" formats="avif, jpg" narrow="logo.svg" media="(orientation: portrait)" >}}',
      '{{< img src="known.jpg?focus=30,70#x" alt="a" formats="avif, jpg" narrow="crop" narrow-ar="1:1" >}}',
    ].join("\n\n"),
  ),
};

/** The manifest's entries for their photographs. */
export const images = {
  "known.jpg": {
    width: 4000,
    height: 3000,
    version: "0123456789",
    color: "#1a2b3c",
    placeholder: "UklGRg+/a==",
  },
  "small.jpg": { width: 500, height: 333, version: "abcdef0123" },
  "told.jpg": {
    ...{ width: 3000, height: 2000, version: "abcdef0123" },
    meta: { alt: 'A <b> & "c"', description: "D", camera: "C", focal: 35.5, date: "2026-05-01" },
  },
};

/** A page with parameters of its own. */
export function page(title: string, body: string, params?: string | false): string {
  const imgproxy =
    params === undefined
      ? ""
      : `imgproxy: ${params === false ? "false" : params.startsWith("{") ? params : `{${params}}`}\n`;
  return `---\ntitle: ${JSON.stringify(title)}\n${imgproxy}---\n${body}\n`;
}
