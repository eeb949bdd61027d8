import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { damagedKey, hasBrowser, hostileKey, type OpenStudio, openStudio } from "./open-studio.ts";

/** Set this variable to a folder to keep pictures of the pages. */
const screenshots = process.env.SCREENSHOTS;

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let studio: OpenStudio;
beforeAll(async () => {
  if (hasBrowser) studio = await openStudio({ DEV: "on" });
});
afterAll(() => studio?.close());

const photo = "#/trips/alps.jpg?q=40&w=640";

/** Until every picture in view is there. The page's policy forbids what waitForFunction does. */
async function settled(page: Page): Promise<void> {
  await expect.poll(() => page.locator("img").count()).toBeGreaterThan(0);
  await expect.poll(() => page.evaluate(waiting)).toBe(0);
}

/** A thumbnail that is not in view waits until it is. */
const waiting = `
  [...document.querySelectorAll('[aria-busy="true"], .thumb[data-state="waiting"], [data-current="false"]')].filter(
    (one) => !one.matches(".thumb") || one.getBoundingClientRect().top < innerHeight,
  ).length
`;

/** The control that has the focus, and whether it, or what stands for it, has an outline in the window. */
const focused = `(() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return null;
  const name = one.name || one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.textContent.trim();
  const isSeen = [one, one.nextElementSibling].some(
    (of) => of !== null && getComputedStyle(of).outlineStyle !== "none" && of.getBoundingClientRect().height > 0,
  );
  return { name, isSeen };
})()`;

/** What a person sees of a photograph's state. */
async function stateOf(page: Page): Promise<unknown> {
  const frame = page.getByRole("region", { name: "Original and variant" });
  return {
    hash: await page.evaluate("location.hash"),
    x: await frame.evaluate((one) => (100 * one.scrollLeft) / (one.scrollWidth - one.clientWidth)),
    top: await frame.evaluate((one) => one.scrollTop),
    zoom: await page.getByRole("radio", { name: "1:1" }).isChecked(),
    divider: await page.getByRole("slider", { name: "Divider" }).getAttribute("aria-valuenow"),
    alt: await page.getByRole("textbox", { name: /^Alt text/ }).inputValue(),
    line: await page.getByRole("textbox", { name: "Shortcode" }).inputValue(),
    pair: await page.getByText(/^Pair \d of 5/).textContent(),
    column: await page.getByRole("textbox", { name: /^Widest column/ }).inputValue(),
    ladder: await page.getByRole("combobox", { name: "Ladder" }).inputValue(),
    rows: await page.locator(".as-shown tbody tr").allTextContents(),
  };
}

async function keepPicture(page: Page, name: string): Promise<void> {
  if (screenshots !== undefined)
    await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

describe.skipIf(!hasBrowser)("in Chromium", () => {
  test("a folder shows its folders and photographs, and says why a file is none", async () => {
    await using open = await studio.open("");
    const { page } = open;
    await settled(page);
    expect(await page.title()).toBe("Studio");
    await expect
      .poll(() => page.getByRole("list", { name: "Folders here" }).getByRole("link").allTextContents())
      .toEqual(["albums", "trips"]);
    const tile = page.getByRole("listitem").filter({ hasText: damagedKey });
    await expect.poll(() => tile.textContent()).toMatch(/format that this server does not read|Upload/);
    await page.getByRole("link", { name: "trips" }).click();
    await page.getByRole("link", { name: "alps.jpg" }).click();
    await page.getByRole("heading", { name: "alps.jpg" }).waitFor();
    await page.goBack();
    await page.getByRole("link", { name: "alps.jpg" }).waitFor();
    expect(open.strangers).toEqual([]);
  });

  test("a key that is HTML is text everywhere, and runs nothing", async () => {
    await using open = await studio.open("");
    const { page, complaints } = open;
    await settled(page);
    await page.getByRole("checkbox", { name: `Select ${hostileKey}` }).check();
    await page.getByRole("link", { name: hostileKey }).click();
    await settled(page);
    expect(await page.getByRole("heading", { level: 2 }).textContent()).toBe(hostileKey);
    expect(await page.locator("img[src='x']").count()).toBe(0);
    expect(await page.title()).not.toBe("owned");
    expect(complaints.filter((text) => !text.includes("415"))).toEqual([]);
  });

  test("a photograph has bytes and a score in each format, and both follow the slider and the keyboard", async () => {
    await using open = await studio.open(photo);
    const { page, complaints } = open;
    await settled(page);
    const rows = () => page.locator(".formats tbody tr").allTextContents();
    const before = await rows();
    expect(before).toHaveLength(3);
    for (const row of before) expect(row).toMatch(/[\d.]+ KB-?\d+\.\d/);
    await page.getByRole("slider", { name: "Quality" }).press("PageUp");
    await expect.poll(() => page.evaluate("location.hash")).toContain("q=50");
    await settled(page);
    const after = await rows();
    expect(after.every((row, at) => row !== before[at])).toBe(true);
    await page.reload();
    await settled(page);
    await expect.poll(rows).toEqual(after);
    expect(complaints).toEqual([]);
  });

  test("the divider, the flip and the zoom work by mouse and by key, and are in the URL", async () => {
    await using open = await studio.open(photo);
    const { page } = open;
    await settled(page);
    const divider = page.getByRole("slider", { name: "Divider" });
    await divider.press("ArrowLeft");
    await expect.poll(() => page.evaluate("location.hash")).toContain("divider=48");
    const box = await divider.boundingBox();
    if (box === null) throw new Error("the divider is not on the page");
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 200, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await expect.poll(async () => Number(await divider.getAttribute("aria-valuenow"))).toBeGreaterThan(55);
    const viewport = page.getByRole("region", { name: "Original and variant" });
    await viewport.press("f");
    await expect.poll(() => page.evaluate("location.hash")).toContain("show=variant");
    await viewport.press("f");
    await expect.poll(() => page.evaluate("location.hash")).toContain("show=original");
    await viewport.press("z");
    await expect.poll(() => page.evaluate("location.hash")).toContain("zoom=pixels");
    const width = await page.locator(".canvas").evaluate((canvas) => canvas.getBoundingClientRect().width);
    expect(width).toBe(640);
  });

  test("at 1:1 on a dense screen, a pixel of the file is a pixel of the screen", async () => {
    await using open = await studio.open(`${photo}&zoom=pixels`, { deviceScaleFactor: 2 });
    await settled(open.page);
    const canvas = open.page.locator(".canvas");
    expect(await canvas.evaluate((one) => one.getBoundingClientRect().width)).toBe(320);
  });

  test("Markdown is offered when there is alt text, and the copied line is the shown one", async () => {
    await using open = await studio.open("#/my%20garden.jpg?q=40&w=640", {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const { page } = open;
    await settled(page);
    const copy = page.getByRole("button", { name: "Copy Markdown" });
    expect(await copy.count()).toBe(0);
    await page.getByRole("textbox", { name: /^Alt text/ }).fill("My garden in May");
    await copy.click();
    await page.getByText("Copied.").waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(
      "![My garden in May](my%20garden.jpg?q=40)",
    );
  });

  test("further ways to choose a quality: the files of three screens, four crops, a blind test, and a curve", async () => {
    await using open = await studio.open("#/trips/alps.jpg?q=40&w=240&format=jpg");
    const { page, complaints } = open;
    await settled(page);
    await page.getByRole("radio", { name: "Tiers" }).check();
    const change = page.getByText(/all widths together: [\d.]+ KB before, [\d.]+ KB after/);
    await change.waitFor();
    const [before, after] = ((await change.textContent()) ?? "").match(/[\d.]+(?= KB)/g) ?? [];
    // At 240 pixels balanced has q 72.
    expect(Number(after)).toBeLessThan(Number(before));
    await keepPicture(page, "tiers");
    await page.getByText("As my blog shows it").click();
    await expect
      .poll(() => page.locator(".as-shown tbody tr").allTextContents())
      .toEqual(
        [/1200 px[\d.]+ KB/, /800 px[\d.]+ KB/, /1600 px[\d.]+ KB/].map((row) => expect.stringMatching(row)),
      );
    const column = page.getByRole("textbox", { name: /^Widest column/ });
    await column.fill('<img sizes="(max-width: 600px) 50vw, 300px" src="a.jpg">');
    await expect
      .poll(() => page.locator(".as-shown tbody tr").allTextContents())
      .toEqual(
        [/800 px[\d.]+ KB/, /480 px[\d.]+ KB/, /800 px[\d.]+ KB/].map((row) => expect.stringMatching(row)),
      );
    await expect
      .poll(() => page.locator(".as-shown textarea").inputValue())
      .toBe('[params.imgproxy]\nsizes = "(max-width: 600px) 50vw, 300px"');
    await column.fill("40ch");
    await page.getByText("Write a width such as 700").waitFor();
    await keepPicture(page, "as-shown");
    expect(await violations(page)).toEqual([]);
    await page.getByText("Four qualities of one part").click();
    await page.getByRole("button", { name: "q 30" }).click();
    await expect.poll(() => page.evaluate("location.hash")).toContain("q=30");
    await page.getByText("Blind test").click();
    await page.getByRole("button", { name: "Begin" }).click();
    for (const pair of [1, 2, 3, 4, 5]) {
      await page.getByText(`Pair ${pair} of 5`).waitFor();
      await page.getByRole("button", { name: "Left" }).click();
    }
    await page.getByText(/Suggested: q \d+/).waitFor();
    await page.getByText("Score against bytes").click();
    await page.getByText(/the curve bends at q \d+/).waitFor();
    expect(await page.locator(".chart tbody tr").count()).toBe(8);
    expect(await violations(page)).toEqual([]);
    await keepPicture(page, "ways");
    expect(complaints).toEqual([]);
  });

  test("every state of a photograph is in its URL: after a reload, a step back and forward, and in another window", async () => {
    await using open = await studio.open("#/trips/", { viewport: { width: 900, height: 900 } });
    const { page, complaints } = open;
    await page.getByRole("link", { name: "alps.jpg" }).click();
    await settled(page);
    await page.getByRole("radio", { name: "1:1" }).check();
    const viewport = page.getByRole("region", { name: "Original and variant" });
    await viewport.press("ArrowDown");
    await viewport.evaluate((frame) => frame.scrollTo(frame.scrollWidth, 0));
    await page.getByRole("slider", { name: "Divider" }).press("End");
    await page.getByRole("radio", { name: "Shortcode" }).check();
    await page.getByRole("textbox", { name: /^Alt text/ }).fill('A "ridge" & <snow>');
    await page.getByRole("checkbox", { name: /^With q/ }).uncheck();
    await page.getByText("Blind test").click();
    await page.getByRole("button", { name: "Begin" }).click();
    for (const pair of [1, 2]) {
      await page.getByText(`Pair ${pair} of 5`).waitFor();
      await page.getByRole("button", { name: "Right" }).click();
    }
    await page.getByText("Pair 3 of 5").waitFor();
    await page.getByText("As my blog shows it").click();
    await page.getByRole("textbox", { name: /^Widest column/ }).fill("610px");
    await page.getByRole("combobox", { name: "Ladder" }).selectOption("eco");
    await settled(page);
    await expect.poll(() => page.evaluate("location.hash")).toContain("ladder=eco");
    const state = await stateOf(page);
    expect(state).toMatchObject({ x: 100, pair: "Pair 3 of 5: which is the original?", divider: "99" });

    await page.reload();
    await settled(page);
    await expect.poll(() => stateOf(page)).toEqual(state);
    await page.goBack();
    await page.getByRole("link", { name: "alps.jpg" }).waitFor();
    await page.goForward();
    await settled(page);
    await expect.poll(() => stateOf(page)).toEqual(state);
    await using other = await studio.open(await page.evaluate<string>("location.hash"), {
      viewport: { width: 900, height: 900 },
    });
    await settled(other.page);
    await expect.poll(() => stateOf(other.page)).toEqual(state);
    expect(complaints).toEqual([]);
  });

  test("a folder comes back as it was left: its search, order, selection and number of photographs", async () => {
    await using open = await studio.open("#/trips/?find=a&sort=largest&pick=trips/alps.jpg");
    const { page } = open;
    await page.getByText("1 selected").waitFor();
    const names = await page.locator(".tile .name").allTextContents();
    await page.getByRole("searchbox", { name: "Find" }).fill("alp");
    await page.getByRole("link", { name: "alps.jpg" }).click();
    await page.getByRole("heading", { name: "alps.jpg" }).waitFor();
    await page.goBack();
    await page.getByRole("searchbox", { name: "Find" }).waitFor();
    await expect.poll(() => page.getByRole("searchbox", { name: "Find" }).inputValue()).toBe("alp");
    expect(await page.getByRole("combobox", { name: "Order" }).inputValue()).toBe("largest");
    await page.getByText("1 selected").waitFor();
    await page.getByRole("searchbox", { name: "Find" }).fill("a");
    await expect.poll(() => page.locator(".tile .name").allTextContents()).toEqual(names);
  });

  test("selected photographs become a gallery, in the order of the selection", async () => {
    await using open = await studio.open("#/trips/");
    const { page } = open;
    await page.getByRole("checkbox", { name: "Select harbour.jpg" }).check();
    await page.getByRole("checkbox", { name: "Select alps.jpg" }).check();
    await expect
      .poll(() => page.getByRole("textbox", { name: "Gallery" }).inputValue())
      .toBe('{{< imgproxy/gallery "trips/harbour.jpg" "trips/alps.jpg" >}}');
    await page.reload();
    await page.getByText("2 selected").waitFor();
  });

  test.each([
    { width: 390, colorScheme: "light" },
    { width: 390, colorScheme: "dark" },
    { width: 1440, colorScheme: "light" },
    { width: 1440, colorScheme: "dark" },
  ] as const)(
    "axe finds nothing at $width pixels in $colorScheme, and nothing is wider than the window",
    async (of) => {
      for (const [name, hash] of [
        ["folder", "#/?pick=worms.jpg"],
        ["photo", photo],
      ] as const) {
        await using open = await studio.open(hash, {
          viewport: { width: of.width, height: of.width === 390 ? 844 : 1000 },
          colorScheme: of.colorScheme,
        });
        const { page } = open;
        await settled(page);
        await keepPicture(page, `${name}-${of.width}-${of.colorScheme}`);
        expect(await violations(page)).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(of.width);
      }
    },
  );

  test("axe finds nothing on neutral grey", async () => {
    await using open = await studio.open(photo);
    const { page } = open;
    await page.getByRole("combobox", { name: "Background" }).selectOption("grey");
    await settled(page);
    await keepPicture(page, "photo-1440-grey");
    expect(await violations(page)).toEqual([]);
  });

  test("a person with a keyboard reaches every control, sees where the focus is, and moves the picture, the sliders and the tabs", async () => {
    await using open = await studio.open("#/trips/");
    const { page } = open;
    await page.getByRole("link", { name: "alps.jpg" }).focus();
    await page.keyboard.press("Enter");
    await settled(page);
    await page.reload();
    await settled(page);
    const stops = new Set<string>();
    for (let at = 0; at < 40; at++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate<{ name: string; isSeen: boolean } | null>(focused);
      if (stop === null) break;
      stops.add(stop.name);
      expect(stop).toMatchObject({ isSeen: true });
    }
    for (const name of [
      "Studio",
      "Server",
      "Original and variant",
      "Divider",
      "show",
      "zoom",
      "Quality q",
      "Width w",
      "format",
      "kind",
      "As my blog shows it",
      "Blind test",
      "In the cache",
    ])
      expect([...stops]).toContain(name);
    const slider = page.getByRole("slider", { name: "Width" });
    await slider.press("ArrowRight");
    await expect.poll(() => slider.getAttribute("aria-valuetext")).toBe("1220 pixels");
    await expect
      .poll(() => page.locator(".weighed").textContent())
      .toMatch(/^At quality 60 and 1220 pixels: AVIF [\d.]+ KB, WebP [\d.]+ KB, JPEG [\d.]+ KB\.$/);
    await page.getByRole("radio", { name: "Markdown" }).press("ArrowRight");
    await expect.poll(() => page.getByRole("radio", { name: "Shortcode" }).isChecked()).toBe(true);
    await page.locator("summary", { hasText: "Blind test" }).press("Enter");
    await page.getByRole("button", { name: "Begin" }).press("Enter");
    await page.getByText("Pair 1 of 5").waitFor();
    await settled(page);
    expect(await violations(page)).toEqual([]);
  });

  test.each([
    ["320 pixels", { viewport: { width: 320, height: 640 } }],
    // A window of 1280 pixels at 200 %.
    ["200 %", { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
    [
      "forced colours and less motion",
      { viewport: { width: 1440, height: 1000 }, forcedColors: "active", reducedMotion: "reduce" },
    ],
  ] as const)("with %s, nothing is cut off, and each part of the page passes", async (name, options) => {
    for (const hash of [
      "#/?pick=worms.jpg",
      `${photo}&copy=cover&open=shown&open=four&open=blind&open=cached&blind=-abc`,
      "#//server",
    ]) {
      await using open = await studio.open(hash, options);
      const { page } = open;
      if (hash === "#//server") await page.getByText("Made ahead").waitFor();
      else await settled(page);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(options.viewport.width);
      expect(await violations(page)).toEqual([]);
      await keepPicture(page, `${name}-${hash.length}`.replaceAll(" ", "-"));
    }
  });

  test("all that the page made has left no file in the cache", async () => {
    expect(await readdir(join(studio.cache, "v1")).catch(() => [])).toEqual([]);
  });
});

describe.skipIf(!hasBrowser)("in production", () => {
  test("the page asks for the token, keeps it in the tab, and sends it in a header", async () => {
    const token = "a-token-of-this-test-12345";
    const production = await openStudio({ STUDIO: "on", TOKEN: token });
    try {
      await using open = await production.open("");
      const { page } = open;
      const urls: string[] = [];
      page.on("request", (request) => urls.push(request.url()));
      const field = page.getByLabel("Token", { exact: true });
      await field.fill("wrong");
      await field.press("Enter");
      await page.getByText("The server refused that token.").waitFor();
      await field.fill(token);
      await field.press("Enter");
      await page.getByRole("link", { name: "worms.jpg" }).first().waitFor();
      expect(await page.evaluate("Object.values(sessionStorage)")).toEqual([token]);
      expect(await page.evaluate("JSON.stringify(localStorage) + location.href")).not.toContain(token);
      expect(urls.filter((url) => url.includes(token))).toEqual([]);
      await keepPicture(page, "production");
      const set = {
        "my garden.jpg": ["img=my+garden.jpg&q=66&w=800"],
        "gone/<b>.jpg": ["img=gone/%3Cb%3E.jpg&q=50"],
      };
      const put = await fetch(`${production.url}api/published/blog/2026-11-30`, {
        method: "PUT",
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ images: { ...set, "gone.jpg": ["img=gone.jpg&q=50"] } }),
      });
      expect(put.status).toBe(204);
      await page.reload();
      await settled(page);
      const missing = page.getByRole("region", { name: "Posts name these, and they are not here" });
      await expect.poll(() => missing.getByRole("listitem").allTextContents()).toEqual(["gone.jpg", "gone/"]);
      const tileOf = (name: string) => page.locator(".tile").filter({ hasText: name }).first();
      await expect.poll(() => tileOf("worms.jpg").textContent()).toContain("no post uses it");
      expect(await tileOf("my garden.jpg").textContent()).not.toContain("no post uses it");
      expect(await violations(page)).toEqual([]);
      await keepPicture(page, "marks");
      await fetch(`${production.url}api/warm`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ img: "my garden.jpg", variants: [{ q: 66, w: 800, accept: "avif" }] }),
      }).then((answer) => answer.text());
      await page.getByRole("link", { name: "my garden.jpg" }).first().click();
      await settled(page);
      await page.getByRole("slider", { name: "Quality" }).fill("20");
      await page.getByRole("radio", { name: "Tiers" }).check();
      const total = page.locator(".blog-change");
      await expect.poll(() => total.textContent()).toMatch(/before, about [\d.]+ K?B after/);
      await expect
        .poll(() => total.textContent())
        .toMatch(/^blog, as AVIF, .*Of 3 photographs 1 is measured: .*estimated from 1 of them/);
      const [before, after] = ((await total.textContent()) ?? "").match(/[\d.]+(?= K?B)/g) ?? [];
      expect(Number(after)).toBeLessThan(Number(before));
      await keepPicture(page, "blog-change");
      expect(await violations(page)).toEqual([]);
      await fetch(`${production.url}?img=worms.jpg&q=40&w=200&fm=webp`);
      await fetch(`${production.url}?img=wroms.jpg&q=40`);
      await page.getByRole("link", { name: "Server" }).click();
      await page.getByText("There is no such photograph.").waitFor();
      await page.getByText("200 q40 webp").waitFor();
      expect(await page.getByRole("row").filter({ hasText: "2026-11-30" }).last().textContent()).toMatch(
        /blog.*2026-11-30.*3$/,
      );
      await keepPicture(page, "server");
      expect(await violations(page)).toEqual([]);
      await page.getByRole("link", { name: "worms.jpg" }).first().click();
      await page.getByText("In the cache").click();
      await page.getByText("1 in the cache, 0 of them published.").waitFor();
      await page.getByRole("button", { name: "Delete them" }).click();
      await page.getByText("1 deleted.").waitFor();
      await page.getByText("No variant of this photograph.").waitFor();
    } finally {
      await production.close();
    }
  });
});

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** WCAG 2.2 AA, as axe-core tests it. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const tags = JSON.stringify(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]);
  const found = await page.evaluate<Violation[]>(
    `axe.run({ runOnly: ${tags} }).then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => ({ html })) })))`,
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
