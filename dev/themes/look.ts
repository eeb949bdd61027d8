import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { PAGE_MS, scrollThrough } from "../page.ts";
import type { NpmCdn } from "./npm-cdn.ts";

/** What a page shows in one window of the browser. */
export interface Look {
  /** One sentence for each fault; empty for a page without faults. */
  readonly problems: readonly string[];
  /** Keys of the proxy's photographs that the page shows. */
  readonly keys: readonly string[];
  readonly ogImage: string | undefined;
  /** For each of the proxy's photographs with a srcset: its width on the page, and its width according to `sizes`. */
  readonly widths: readonly { readonly key: string; readonly shown: number; readonly said: number }[];
  /** Other hosts that the page tried to reach; the requests were blocked. */
  readonly elsewhere: readonly string[];
}

export interface Visit {
  readonly url: string;
  /** The proxy's URL. */
  readonly endpoint: string;
  readonly context?: BrowserContextOptions;
  /** Answers for the CDNs of npm's packages. */
  readonly cdn?: NpmCdn;
  /** What a reader does on the page. Returns a problem if it fails. */
  act?(page: Page): Promise<string | undefined>;
}

/** The windows in which themes are opened. */
export const windows: Readonly<Record<string, BrowserContextOptions>> = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 900 } },
};

/** Opens a page, scrolls through it and looks at every image. Hosts other than the site's and the proxy's are blocked. */
export async function look(
  browser: Browser,
  { url, endpoint, context = {}, cdn, act }: Visit,
): Promise<Look> {
  const opened = await browser.newContext(context);
  opened.setDefaultTimeout(PAGE_MS);
  const page = await opened.newPage();
  const problems: string[] = [];
  const elsewhere = new Set<string>();
  const ours = new Set([new URL(url).host, new URL(endpoint).host]);
  await page.route(
    ({ host, protocol }) => protocol.startsWith("http") && !ours.has(host),
    async (route) => {
      const file = await cdn?.find(route.request().url());
      if (file !== undefined)
        return route.fulfill({ ...file, headers: { "access-control-allow-origin": "*" } });
      elsewhere.add(new URL(route.request().url()).host);
      return route.abort();
    },
  );
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (response.status() >= 400 && pathname !== "/favicon.ico")
      problems.push(`${response.url()} answered ${response.status()}`);
  });
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText;
    if (why !== "net::ERR_ABORTED" && ours.has(new URL(request.url()).host))
      problems.push(`${request.url()}: ${why}`);
  });
  page.on("console", (message) => {
    // A page is right without its style attributes: they add colours and the focus of crops.
    if (/Content Security Policy(?!.*style-src-attr)/.test(message.text())) problems.push(message.text());
  });
  try {
    await page.goto(url);
    await page.evaluate(scrollThrough);
    const pending = (await becomes(page, allLoaded)) ? [] : await page.evaluate<string[]>(pendingImages);
    problems.push(...pending.map((image) => `${image} is not loaded`));
    const seen = await page.evaluate<Seen>(describeImages(endpoint));
    problems.push(...seen.problems);
    const problem = act === undefined ? undefined : await act(page);
    if (problem !== undefined) problems.push(problem);
    return {
      ...seen,
      ogImage: seen.ogImage ?? undefined,
      problems: [...new Set(problems)],
      elsewhere: [...elsewhere],
    };
  } finally {
    await opened.close();
  }
}

/** Whether a script returns true in time. A Content-Security-Policy can forbid `waitForFunction`, so this does not use it. */
export async function becomes(page: Page, script: string): Promise<boolean> {
  for (const end = performance.now() + PAGE_MS; performance.now() < end; await sleep(100))
    if (await page.evaluate<boolean>(script)) return true;
  return false;
}

interface Seen extends Omit<Look, "elsewhere" | "ogImage"> {
  readonly ogImage: string | null;
}

/** Scrolls to the first lazy image that is not loaded: a quick scroll can pass over one. */
const allLoaded = `(() => {
  const [first] = [...document.images].filter((image) => !image.complete && image.getBoundingClientRect().width > 0 && image.checkVisibility());
  first?.scrollIntoView();
  return first === undefined;
})()`;

const pendingImages = `[...document.images].filter((image) =>
  !image.complete && image.checkVisibility() && image.getBoundingClientRect().width > 0).map((image) => image.outerHTML)`;

/** A picture's ratio is wrong if it differs by more than 1 %, and by more than the one pixel that rounding can cost. */
const describeImages = (endpoint: string): string => `(() => {
  const problems = [], keys = new Set(), widths = [];
  for (const image of document.images) {
    const box = image.getBoundingClientRect();
    if (!image.checkVisibility() || box.width < 2 || box.height < 2) continue;
    const url = image.currentSrc || image.src;
    const ours = url.startsWith(${JSON.stringify(endpoint)});
    const name = ours ? new URL(url).searchParams.get("img") : url;
    if (image.naturalWidth === 0) {
      if (ours || new URL(url, location.href).host === location.host) problems.push(name + " is not shown");
      continue;
    }
    const style = getComputedStyle(image);
    const width = image.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = image.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const due = height * image.naturalWidth / image.naturalHeight;
    if (style.objectFit === "fill" && Math.abs(width - due) > Math.max(0.01 * due, 1 + image.naturalWidth / image.naturalHeight))
      problems.push(name + " is off its ratio: " + Math.round(width) + " × " + Math.round(height) + " instead of " + Math.round(due) + " × " + Math.round(height));
    if (!ours) continue;
    keys.add(name);
    if (image.srcset.includes("w")) widths.push({ key: name, shown: Math.round(width), said: image.naturalWidth });
  }
  for (const element of document.querySelectorAll("body *"))
    for (const [, url] of getComputedStyle(element).backgroundImage.matchAll(/url\\("([^"]*)"\\)/g))
      if (url.startsWith(${JSON.stringify(endpoint)})) keys.add(new URL(url).searchParams.get("img"));
  const og = document.querySelector('meta[property="og:image"]');
  return { problems, keys: [...keys], widths, ogImage: og && og.content };
})()`;
