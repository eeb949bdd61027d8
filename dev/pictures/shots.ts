/** A browser's view of one page of the example blog. */
export interface View {
  /** Its path on the blog. */
  readonly page: string;
  /** Its caption; the file that the browser chose is added. */
  readonly caption: string;
  /** CSS pixels of the window; default 760 × 520. */
  readonly width?: number;
  readonly height?: number;
  /** Device pixels for each CSS pixel; default 1. */
  readonly density?: number;
  /** Photographs do not arrive, to show the page before they do. */
  readonly waiting?: boolean;
  /** A CSS selector of the element to click. */
  readonly click?: string;
}

/** Markdown by path below `content/`, for the pages that the pictures show. */
export const pages: Readonly<Record<string, string>> = {
  "shot/plain.md": post("", "![Glow-worms](worms.jpg)"),
  "shot/wide.md": post("imgproxy: { sizes: 100vw }", "![Glow-worms](worms.jpg)"),
  "shot/fixed.md": post("", '{{< img src="portrait.jpg" fixed="96" alt="Beeches" class="round" >}}'),
  "shot/none.md": post("imgproxy: { placeholder: none }", "![The harbour](trips/harbour.jpg)"),
  "shot/color.md": post("imgproxy: { placeholder: color }", "![The harbour](trips/harbour.jpg)"),
  "shot/image.md": post("imgproxy: { placeholder: image }", "![The harbour](trips/harbour.jpg)"),
  "shot/title.md": post("", '![Four summits](trips/alps.jpg "From the hut, before six")'),
  "shot/figure.md": post(
    "imgproxy: { figure: true }",
    '![Four summits](trips/alps.jpg "From the hut, before six")',
  ),
  "shot/lightbox.md": post(
    "imgproxy: { lightbox: true }",
    "It opens over the page.\n\n![Four summits](trips/alps.jpg)",
  ),
  "shot/low.md": post("", "![The harbour](trips/harbour.jpg?q=10)"),
  "shot/class.md": post("", `![Beeches](portrait.jpg?w=480#right)\n\n${words()}`),
  "shot/narrow.md": post(
    "",
    '{{< img src="trips/alps.jpg" narrow="portrait.jpg" alt="Mountains, or beeches" >}}',
  ),
};

/** Views by the picture's name; views of one picture are side by side. */
export const pictures: Readonly<Record<string, readonly View[]>> = {
  tiers: [
    { page: "shot/plain/", width: 390, caption: "a phone, 1×" },
    { page: "shot/plain/", width: 390, density: 2, caption: "a phone, 2×" },
    { page: "shot/plain/", width: 1000, height: 760, caption: "a desktop, 1×" },
  ],
  sizes: [
    { page: "shot/wide/", width: 1600, height: 900, caption: 'sizes = "100vw"' },
    { page: "shot/plain/", width: 1600, height: 900, caption: 'sizes = "(min-width: 65.25rem) 60rem, 92vw"' },
  ],
  fixed: [
    { page: "shot/fixed/", width: 500, height: 330, caption: "fixed = 96, 1×" },
    { page: "shot/fixed/", width: 500, height: 330, density: 2, caption: "fixed = 96, 2×" },
  ],
  placeholder: ["none", "color", "image"].map((kind) => ({
    page: `shot/${kind}/`,
    waiting: true,
    caption: `placeholder = "${kind}", before the photograph is loaded`,
  })),
  figure: [
    { page: "shot/title/", height: 580, caption: "figure = false" },
    { page: "shot/figure/", height: 580, caption: "figure = true" },
  ],
  lightbox: [
    { page: "shot/lightbox/", caption: "lightbox = true" },
    { page: "shot/lightbox/", click: ".imgproxy-zoom", caption: "after a click" },
  ],
  quality: [
    { page: "shot/color/", caption: "harbour.jpg" },
    { page: "shot/low/", caption: "harbour.jpg?q=10" },
  ],
  class: [{ page: "shot/class/", height: 640, caption: "portrait.jpg?w=480#right" }],
  narrow: [
    { page: "shot/narrow/", width: 390, caption: "a phone" },
    { page: "shot/narrow/", width: 1000, caption: "a desktop" },
  ],
  local: [{ page: "features/local/", caption: "beside.svg, from the page's folder" }],
  frontmatter: [{ page: "features/", height: 760, caption: "a list of pages, by their front matter" }],
};

// --- Markdown ---

function post(params: string, body: string): string {
  return `---\ntitle: A walk\n${params}\n---\n${body}\n`;
}

function words(): string {
  return "The path begins behind the mill, where the carts once turned, and climbs through beeches that are older than the village. ".repeat(
    6,
  );
}
