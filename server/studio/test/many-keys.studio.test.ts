import { linkSync } from "node:fs";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasBrowser, type OpenStudio, openStudio } from "./open-studio.ts";

const KEYS = 100_000;
/** File systems allow some ten thousand names for one file. */
const NAMES_OF_ONE = 20_000;
const MIB = 2 ** 20;

let studio: OpenStudio;
beforeAll(async () => {
  if (!hasBrowser) return;
  studio = await openStudio({ DEV: "on" });
  const folder = join(studio.photos, "many");
  await mkdir(folder);
  for (let key = 0; key < KEYS; key++) {
    const [path, first] = [key, key - (key % NAMES_OF_ONE)].map((at) => join(folder, nameOf(at)));
    if (path === undefined || first === undefined) continue;
    if (path === first) await writeFile(path, "text");
    else linkSync(first, path);
  }
  await writeFile(join(folder, "large.jpg"), "a longer text than that of the others");
  await writeFile(join(folder, "new.jpg"), "text");
  await utimes(join(folder, "new.jpg"), new Date(), new Date(Date.now() + 60_000));
});
afterAll(() => studio?.close());

function nameOf(key: number): string {
  return `k${String(key).padStart(6, "0")}.jpg`;
}

describe.skipIf(!hasBrowser)("with 100,000 keys in a folder", () => {
  test("the first page needs one call, finding and sorting show their progress, and the server's memory grows by less than 64 MiB", async () => {
    await using open = await studio.open("#/");
    const { page } = open;
    await page.getByRole("link", { name: "many" }).waitFor();
    await expect.poll(() => page.locator('.thumb[data-state="waiting"]').count()).toBe(0);
    const before = await studio.peak();
    await page.getByRole("link", { name: "many" }).click();
    const calls: string[] = [];
    page.on("response", (response) => {
      if (response.url().endsWith("/api/list")) calls.push(response.request().postData() ?? "");
    });
    const count = page.locator(".count");
    await page.getByText("The first 120").waitFor();
    await expect.poll(() => page.locator(".tile").count()).toBe(120);

    await page.getByRole("searchbox", { name: "Find" }).fill("099999");
    await page.getByText(/names read so far, 0 match/).waitFor();
    await expect.poll(() => count.textContent()).toBe("1 of 100,002");
    await expect.poll(() => page.locator(".tile .name").allTextContents()).toEqual([nameOf(99_999)]);

    await page.getByRole("searchbox", { name: "Find" }).fill("");
    await page.getByRole("combobox", { name: "Order" }).selectOption("largest");
    await expect.poll(() => page.locator(".tile .name").first().textContent()).toBe("large.jpg");
    await page.getByRole("combobox", { name: "Order" }).selectOption("newest");
    await expect.poll(() => page.locator(".tile .name").first().textContent()).toBe("new.jpg");
    // What is known is not read again, and the document does not have all of it.
    expect(calls.length).toBeLessThanOrEqual(102);
    await expect.poll(() => page.locator(".tile").count()).toBe(120);
    expect((await studio.peak()) - before).toBeLessThan(64 * MIB);
  });
});
