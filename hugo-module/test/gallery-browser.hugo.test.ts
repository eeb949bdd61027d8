import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page, type Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { timeOfPaint, watchShifts } from "../../dev/page.ts";
import { type Built, createSite, extremes, siteConfig } from "./hugo-site.ts";

const executablePath = "/usr/bin/chromium";
const [hugo] = extremes.slice(-1);
const missing = !existsSync(executablePath) || hugo === undefined;
if (missing && process.env.CI) throw new Error(`CI must have Hugo and a browser: ${executablePath}`);

/** Ratios of cameras, phones and panoramas, in an order that puts wide ones beside narrow ones. */
const ratios = [
  1.5, 1.5, 0.667, 1.778, 1, 0.75, 2.4, 0.5625, 1.333, 1.5, 3, 0.667, 0.667, 1.25, 1, 1.5, 4.2, 1.5, 0.8,
];
const photographs = ratios.map((ratio, at) => ({
  key: `trips/alps/${at}.jpg`,
  width: Math.round(2400 * Math.sqrt(ratio)),
  height: Math.round(2400 / Math.sqrt(ratio)),
}));
/** 26 rem, in pixels. */
const HIGHEST = 416;
const lonely = ["trips/lonely/1.jpg", "trips/lonely/2.jpg"];

const files = {
  "config.toml": siteConfig(`
[params.imgproxy]
endpoint = "https://images.example/"
sizes = "(min-width: 70rem) 60rem, 92vw"
placeholder = "color"`),
  "assets/imgproxy.json": JSON.stringify({
    schema: 2,
    images: Object.fromEntries([
      ...photographs.map(({ key, width, height }) => [
        key,
        { width, height, version: "0123456789", color: "#345678" },
      ]),
      [lonely[0], { width: 1000, height: 2000, version: "0123456789" }],
      [lonely[1], { width: 5000, height: 1000, version: "0123456789" }],
    ]),
    galleries: { "trips/alps": photographs.map(({ key }) => key), "trips/lonely": lonely },
  }),
  "layouts/_default/baseof.html": `<!doctype html><html lang="en" dir="{{ .Params.dir | default "ltr" }}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ .Title }}</title><link rel="icon" href="data:,"><style>body { margin: 0 auto; width: min(60rem, 92vw) } article { overflow: visible }
article img { margin: 2rem auto; border-radius: 4px } article ul { padding-left: 2rem } article li { margin: 0.5rem 0 } button { background: tan; padding: 9px } button:hover { background: gold }</style></head>
<body><main><article><h1>{{ .Title }}</h1>{{ block "main" . }}{{ end }}</article></main></body></html>`,
  "layouts/_default/single.html": '{{ define "main" }}{{ .Content }}{{ end }}',
  "content/rows.md": '---\ntitle: Rows\n---\n{{< imgproxy/gallery "trips/alps" >}}\n\nAfter them.\n',
  "content/rtl.md": '---\ntitle: Rows\ndir: rtl\n---\n{{< imgproxy/gallery "trips/alps" >}}\n',
  "content/columns.md":
    '---\ntitle: Columns\n---\n{{< imgproxy/gallery src="trips/alps" columns=3 >}}\n\nAfter them.\n',
  "content/cover.md":
    '---\ntitle: Cover\n---\n{{< imgproxy/gallery src="trips/alps" cover="3.jpg" >}}\n\nAfter it.\n',
  "content/lonely.md": '---\ntitle: Lonely\n---\n{{< imgproxy/gallery "trips/lonely" >}}\n',
};

let built: Built;
let browser: Browser;
/** Photographs arrive when this is resolved. */
let held: Promise<void> = Promise.resolve();
/** The CSP of every page. */
let policy = "";

beforeAll(async () => {
  if (missing) return;
  await using site = await createSite(files);
  built = await site.build(hugo, { arguments: ["--minify"] });
  expect([built.errors, built.warnings]).toEqual([[], []]);
  browser = await chromium.launch({ executablePath, timeout: 0, args: ["--no-sandbox", "--disable-gpu"] });
});

afterAll(() => browser?.close());

describe.skipIf(missing).each([320, 390, 768, 1024, 1440])("in a window %i pixels wide", (width) => {
  test("every row but the last fills the width or is as high as a row may be, with photographs of one height, uncropped, and nothing overflows", async () => {
    await using open = await openPage("rows/", { viewport: { width, height: 900 } });
    const { rows, left, right, overflow } = await layoutOf(open.page);
    expect(overflow).toBe(0);
    expect(rows.length).toBeGreaterThan(2);
    for (const row of rows) {
      expect(
        Math.max(...row.map(({ height }) => height)) - Math.min(...row.map(({ height }) => height)),
      ).toBeLessThan(1);
      expect(Math.abs((row[0]?.left ?? 0) - left)).toBeLessThan(1);
      for (const { width, height, ratio } of row)
        expect(Math.abs(width / height - ratio)).toBeLessThan(0.03 * ratio);
    }
    for (const row of rows.slice(0, -1)) {
      const height = row[0]?.height ?? 0;
      expect(height).toBeLessThan(HIGHEST + 1);
      if (height < HIGHEST - 1) expect(Math.abs((row.at(-1)?.right ?? 0) - right)).toBeLessThan(1);
    }
    const natural = Math.min(208, Math.max(80, 0.3 * (right - left)));
    for (const { height } of rows.at(-1) ?? []) expect(Math.abs(height - natural)).toBeLessThan(1);
  });

  test("nothing moves while the photographs load, in rows, columns and under a cover", async () => {
    for (const name of ["rows/", "columns/", "cover/"]) {
      const release = hold();
      await using open = await openPage(name, { viewport: { width, height: 900 } });
      const before = await boxesOf(open.page);
      const painted = await open.page.evaluate<number>(timeOfPaint);
      release();
      await open.page.evaluate(
        "document.querySelectorAll('img').forEach((image) => { image.loading = 'eager' })",
      );
      await open.page.waitForFunction("[...document.images].every((image) => image.complete)");
      const shifted = await open.page.evaluate(`shiftedSince(${painted})`);
      expect([name, await boxesOf(open.page), shifted]).toEqual([name, before, 0]);
    }
  });

  test("columns are squares of one width, and a cover is as wide as the text", async () => {
    await using open = await openPage("columns/", { viewport: { width, height: 900 } });
    const { rows, right, overflow } = await layoutOf(open.page);
    expect([overflow, rows.map(({ length }) => length)]).toEqual([0, [3, 3, 3, 3, 3, 3, 1]]);
    const [first] = rows.flat();
    for (const { width, height } of rows.flat()) {
      expect(Math.abs(width - height)).toBeLessThan(1);
      expect(Math.abs(width - (first?.width ?? 0))).toBeLessThan(1);
    }
    expect(Math.abs((rows[0]?.at(-1)?.right ?? 0) - right)).toBeLessThan(1);
    await using cover = await openPage("cover/", { viewport: { width, height: 900 } });
    const shown = await layoutOf(cover.page);
    expect([shown.overflow, shown.rows.flat().length]).toEqual([0, 1]);
    expect(Math.abs((shown.rows[0]?.[0]?.width ?? 0) - (right - shown.left))).toBeLessThan(1);
  });

  test("sizes never says that a photograph is narrower than it is, whatever row it is in, and little more on average", async () => {
    await using open = await openPage("rows/", { viewport: { width, height: 900 } });
    const { rows } = await layoutOf(open.page);
    const tiles = rows.flat();
    expect(tiles.filter(({ width, said }) => width / said > 1.1)).toEqual([]);
    const mean = tiles.reduce((sum, { width, said }) => sum + said / width, 0) / tiles.length;
    expect(mean).toBeLessThan(1.6);
  });
});

test.skipIf(missing)("a photograph above a panorama is not as large as the page", async () => {
  await using open = await openPage("lonely/", { viewport: { width: 1440, height: 900 } });
  const { rows } = await layoutOf(open.page);
  expect(rows.map(([first]) => Math.round(first?.height ?? 0))).toEqual([HIGHEST, 192]);
  expect(rows.flat().filter(({ width, said }) => width / said > 1.1)).toEqual([]);
});

test.skipIf(missing)("on paper there are only the rows", async () => {
  await using open = await openPage("rows/", { viewport: { width: 800, height: 900 } });
  await open.page.locator(".imgproxy-zoom").first().click();
  await open.page.emulateMedia({ media: "print" });
  expect(
    await open.page.evaluate<string[]>(
      `[...document.querySelectorAll(".imgproxy-zoomed")].map((one) => getComputedStyle(one).display).filter((display) => display !== "none")`,
    ),
  ).toEqual([]);
  const { rows, overflow } = await layoutOf(open.page);
  expect([rows.flat().length, overflow]).toEqual([ratios.length, 0]);
});

describe.skipIf(missing).each([true, false])("with JavaScript: %s", (javaScriptEnabled) => {
  test("next and previous show one photograph after the other, and never two", async () => {
    await using open = await openPage("rows/", { javaScriptEnabled });
    await open.page.locator(".imgproxy-zoom").nth(1).click();
    await expect.poll(() => onTop(open.page)).toBe("Photograph 2 of 19");
    for (const [way, name] of [
      ["Next", 3],
      ["Next", 4],
      ["Previous", 3],
      ["Previous", 2],
      ["Previous", 1],
      ["Next", 2],
      ["Next", 3],
    ] as const) {
      await buttonOnTop(open.page, `${way} photograph`);
      await expect.poll(() => onTop(open.page)).toBe(`Photograph ${name} of 19`);
    }
  });

  test("the first photograph has no previous, the last no next, and the cover opens its own place", async () => {
    await using open = await openPage("cover/", { javaScriptEnabled });
    await open.page.locator(".imgproxy-zoom").click();
    await expect.poll(() => onTop(open.page)).toBe("Photograph 4 of 19");
    const visible = (name: string) => open.page.getByRole("button", { name, exact: true }).count();
    for (let at = 4; at > 1; at -= 1) await buttonOnTop(open.page, "Previous photograph");
    await expect.poll(() => onTop(open.page)).toBe("Photograph 1 of 19");
    expect(await visible("Previous photograph")).toBe(javaScriptEnabled ? 0 : 3);
  });

  test("the keyboard opens, goes on and closes, and the focus returns to where it was", async () => {
    await using open = await openPage("rows/", { javaScriptEnabled });
    const tile = open.page.locator(".imgproxy-zoom").nth(5);
    await tile.focus();
    await open.page.keyboard.press("Enter");
    await expect.poll(() => onTop(open.page)).toBe("Photograph 6 of 19");
    if (javaScriptEnabled) {
      await expect
        .poll(() => open.page.evaluate<string>("document.activeElement.className"))
        .toBe("imgproxy-next");
      await open.page.keyboard.press("Enter");
      await open.page.keyboard.press("Enter");
      await expect.poll(() => onTop(open.page)).toBe("Photograph 8 of 19");
    }
    await open.page.keyboard.press("Escape");
    await expect.poll(() => onTop(open.page)).toBe("");
    const focusedTile = `[...document.querySelectorAll(".imgproxy-zoom")].indexOf(document.activeElement)`;
    await expect.poll(() => open.page.evaluate<number>(focusedTile)).toBe(5);
  });

  test("the keyboard reaches the buttons of the photograph that is shown", async () => {
    await using open = await openPage("rows/", { javaScriptEnabled });
    await open.page.locator(".imgproxy-zoom").nth(5).focus();
    await open.page.keyboard.press("Enter");
    for (const at of [7, 8, 9]) {
      await expect.poll(() => onTop(open.page)).toBe(`Photograph ${at - 1} of 19`);
      // The page's script puts the focus there; without it, the button is some tabs away.
      if (javaScriptEnabled) await expect.poll(() => focused(open.page)).toBe(`Next photograph ${at - 1}`);
      for (let tabs = 0; tabs < 4 && (await focused(open.page)) !== `Next photograph ${at - 1}`; tabs += 1)
        await open.page.keyboard.press("Tab");
      await open.page.keyboard.press("Enter");
    }
    await expect.poll(() => onTop(open.page)).toBe("Photograph 9 of 19");
  });

  test("a click beside the photograph closes it and reaches nothing behind it", async () => {
    await using open = await openPage("rows/", { javaScriptEnabled, viewport: { width: 1440, height: 900 } });
    await open.page.locator(".imgproxy-zoom").nth(2).click();
    await expect.poll(() => onTop(open.page)).toBe("Photograph 3 of 19");
    // Where another tile is behind the backdrop.
    await open.page.mouse.click(300, 200);
    await expect.poll(() => onTop(open.page)).toBe("");
  });
});

test.skipIf(missing)("arrow keys follow the direction of the text, and stop at the ends", async () => {
  for (const [name, on, back] of [
    ["rows/", "ArrowRight", "ArrowLeft"],
    ["rtl/", "ArrowLeft", "ArrowRight"],
  ] as const) {
    await using open = await openPage(name);
    await open.page.locator(".imgproxy-zoom").nth(17).click();
    for (const [key, at] of [
      [on, 19],
      [on, 19],
      [back, 18],
      [back, 17],
    ] as const) {
      await open.page.keyboard.press(key);
      await expect.poll(() => onTop(open.page)).toBe(`Photograph ${at} of 19`);
    }
    await open.page.keyboard.press("Escape");
    await open.page.keyboard.press(on);
    await expect.poll(() => onTop(open.page)).toBe("");
  }
});

test.skipIf(missing)("a swipe goes on or back, and a touch, a scroll and two fingers do not", async () => {
  await using open = await openPage("rows/", { hasTouch: true, viewport: { width: 390, height: 800 } });
  await open.page.locator(".imgproxy-zoom").nth(4).tap();
  // The browser makes a click of a tap, after it.
  await expect.poll(() => onTop(open.page)).toBe("Photograph 5 of 19");
  const session = await open.page.context().newCDPSession(open.page);
  const touch = async (from: readonly [number, number][], to: readonly [number, number]) => {
    await session.send("Input.dispatchTouchEvent", {
      type: "touchStart",
      touchPoints: from.map(([x, y], id) => ({ x, y, id })),
    });
    await session.send("Input.dispatchTouchEvent", {
      type: "touchMove",
      touchPoints: from.map((_, id) => ({ x: to[0], y: to[1], id })),
    });
    await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  };
  for (const [from, to, at] of [
    [[[300, 400]], [100, 410], 6],
    [[[300, 400]], [280, 400], 6],
    [[[300, 400]], [220, 200], 6],
    [
      [
        [300, 400],
        [200, 400],
      ],
      [100, 400],
      6,
    ],
    [[[100, 400]], [300, 400], 5],
  ] as const) {
    await touch(
      from.map(([x, y]): [number, number] => [x, y]),
      to,
    );
    await expect.poll(() => onTop(open.page)).toBe(`Photograph ${at} of 19`);
  }
});

test.skipIf(missing)("the neighbours of the open photograph are loaded, and no others", async () => {
  await using open = await openPage("cover/");
  const asked = new Set<string>();
  open.page.on("request", (request) => {
    const key = new URL(request.url()).searchParams.get("img");
    if (key !== null) asked.add(key);
  });
  await open.page.locator(".imgproxy-zoom").click();
  await expect
    .poll(() => [...asked].toSorted())
    .toEqual(["trips/alps/2.jpg", "trips/alps/3.jpg", "trips/alps/4.jpg"]);
});

test.skipIf(missing)(
  "a page that allows no inline code and no inline style has a gallery that works",
  async () => {
    policy = "default-src 'self'; img-src *; style-src 'self'; script-src 'self'";
    await using open = await openPage("rows/", { viewport: { width: 390, height: 800 } });
    policy = "";
    const { rows, overflow } = await layoutOf(open.page);
    expect([rows.flat().length, overflow]).toEqual([19, 0]);
    await open.page.locator(".imgproxy-zoom").first().click();
    await open.page.keyboard.press("ArrowRight");
    await expect.poll(() => onTop(open.page)).toBe("Photograph 2 of 19");
  },
);

test.skipIf(missing)(
  "a gallery is a list of buttons with names, and what is open is a dialog with a name",
  async () => {
    await using open = await openPage("rows/");
    const list = open.page.getByRole("list");
    expect([await list.count(), await list.getByRole("listitem").count()]).toEqual([1, 19]);
    expect(
      await open.page.getByRole("button", { name: "Enlarge: Photograph 19 of 19", exact: true }).count(),
    ).toBe(1);
    await open.page.locator(".imgproxy-zoom").first().click();
    const dialog = open.page.getByRole("dialog", { name: "Photograph 1 of 19", exact: true });
    expect(await dialog.getByRole("button").count()).toBe(2);
    expect(open.complaints).toEqual([]);
  },
);

test.skipIf(missing).each(["rows/", "columns/", "cover/"])(
  "axe finds nothing wrong with %s, closed and open, light and dark",
  async (name) => {
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    for (const colorScheme of ["light", "dark"] as const) {
      await using open = await openPage(name, { colorScheme });
      await open.page.evaluate(`${axe}; undefined`);
      const violations = () =>
        open.page.evaluate<string[]>(
          "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html.slice(0, 200)))",
        );
      expect(await violations()).toEqual([]);
      await open.page.locator(".imgproxy-zoom").first().click();
      expect(await violations()).toEqual([]);
    }
  },
);

// --- a page ---

interface Open extends AsyncDisposable {
  readonly page: Page;
  readonly complaints: readonly string[];
}

async function openPage(path: string, options: BrowserContextOptions = {}): Promise<Open> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (/error|warning/.test(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.route("**/*", answer);
  await page.addInitScript(watchShifts);
  await page.goto(`https://blog.example/${path}`, { waitUntil: "domcontentloaded" });
  // That event does not wait for style sheets, and no test is about the page without them.
  await expect.poll(() => page.evaluate(hasStyles)).toBe(true);
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

const hasStyles = `[...document.querySelectorAll("link[rel=stylesheet]")].every(({ sheet }) => sheet !== null)`;

/** The site's files, and photographs of their ratio as drawings. */
async function answer(route: Route): Promise<void> {
  const url = new URL(route.request().url());
  if (url.hostname === "blog.example") {
    const name = url.pathname.slice(1);
    const body = built.files.get(name.endsWith("/") || name === "" ? `${name}index.html` : name);
    const contentType = name.endsWith(".css")
      ? "text/css"
      : name.endsWith(".js")
        ? "text/javascript"
        : "text/html";
    const headers = policy === "" ? {} : { "content-security-policy": policy };
    return route.fulfill(body === undefined ? { status: 404 } : { contentType, headers, body });
  }
  await held;
  const { width = 1, height = 1 } = photographs.find(({ key }) => key === url.searchParams.get("img")) ?? {};
  const wide = Number(url.searchParams.get("w"));
  const body = `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${Math.round((wide * height) / width)}"/>`;
  // The test may be over meanwhile.
  await route.fulfill({ contentType: "image/svg+xml", body }).catch(() => undefined);
}

function hold(): () => void {
  let release = (): void => undefined;
  held = new Promise((resolve) => {
    release = resolve;
  });
  return release;
}

interface Tile {
  readonly left: number;
  readonly right: number;
  readonly width: number;
  readonly height: number;
  /** Of the photograph. */
  readonly ratio: number;
  /** What `sizes` says without `auto`, in pixels. */
  readonly said: number;
}

interface Layout {
  readonly rows: readonly (readonly Tile[])[];
  /** The text's edges. */
  readonly left: number;
  readonly right: number;
  /** Pixels by which the page is wider than its window. */
  readonly overflow: number;
}

const layoutOf = (page: Page): Promise<Layout> =>
  page.evaluate<Layout>(`(() => {
    const rows = new Map();
    for (const image of document.querySelectorAll(".imgproxy-zoom img")) {
      const { left, right, width, height, top } = image.getBoundingClientRect();
      const ruler = document.body.appendChild(document.createElement("div"));
      const entries = [""];
      for (const part of image.sizes.replace(/^auto, /, "").split(",")) {
        const last = entries.length - 1;
        const isOpen = entries[last].split("(").length > entries[last].split(")").length;
        if (isOpen) entries[last] += "," + part;
        else entries.push(part.trim());
      }
      const entry = entries.slice(1).find((one) => {
        const media = /^\\(min-width[^)]*\\)/.exec(one);
        return media === null || matchMedia(media[0]).matches;
      });
      ruler.style.width = entry.replace(/^\\(min-width[^)]*\\) /, "");
      const said = ruler.getBoundingClientRect().width;
      ruler.remove();
      const row = Math.round(top);
      rows.set(row, [...(rows.get(row) ?? []), { left, right, width, height, said, ratio: image.getAttribute("width") / image.getAttribute("height") }]);
    }
    const text = document.querySelector("article").getBoundingClientRect();
    return { rows: [...rows.values()], left: text.left, right: text.right, overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth) };
  })()`);

const boxesOf = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll("article > *, .imgproxy-zoom img")].map((one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return [one.localName, left, top, width, height].join(" ");
  })`);

/** The name of the photograph that a reader sees, found in the middle of the window. */
const onTop = (page: Page): Promise<string> =>
  page.evaluate<string>(
    `document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest(".imgproxy-zoomed")?.getAttribute("aria-label") ?? ""`,
  );

/** The button that has the keyboard, and the number of its photograph. */
const focused = (page: Page): Promise<string> =>
  page.evaluate<string>(`(() => {
    const [number] = /\\d+/.exec(document.activeElement.closest(".imgproxy-zoomed")?.ariaLabel ?? "") ?? [];
    return document.activeElement.ariaLabel + " " + number;
  })()`);

/** Clicks where a reader sees the button: at its place in the window, whatever is below. */
async function buttonOnTop(page: Page, name: string): Promise<void> {
  const width = page.viewportSize()?.width ?? 0;
  const height = page.viewportSize()?.height ?? 0;
  const x = name.startsWith("Next") ? width - 20 : 20;
  const label = `document.elementFromPoint(${x}, ${height / 2})?.getAttribute("aria-label")`;
  await expect.poll(() => page.evaluate<string>(label)).toBe(name);
  await page.mouse.click(x, height / 2);
}
