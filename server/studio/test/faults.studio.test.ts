import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasBrowser, type OpenStudio, openStudio } from "./open-studio.ts";

const token = "a-token-of-this-test-12345";
const photo = "#/replaced.jpg?w=320&q=40";

let studio: OpenStudio;
beforeAll(async () => {
  if (!hasBrowser) return;
  studio = await openStudio({ STUDIO: "on", TOKEN: token, WARM_ENCODERS: "1" });
  await copyFile(join(studio.photos, "worms.jpg"), join(studio.photos, "replaced.jpg"));
});
afterAll(() => studio?.close());

const trouble = (page: Page) => page.locator(".trouble");
const quality = (page: Page) => page.getByRole("slider", { name: "Quality" });

async function signIn(page: Page, word: string): Promise<void> {
  const field = page.getByLabel("Token", { exact: true });
  await field.fill(word);
  await field.press("Enter");
}

/** Until bytes and score of each format are there, and are those of the current quality. */
async function measured(page: Page): Promise<void> {
  await expect.poll(() => page.locator(".formats tbody tr").allTextContents()).toHaveLength(3);
  for (const row of await page.locator(".formats tbody tr").all()) {
    await expect.poll(() => row.textContent()).toMatch(/[\d.]+ K?B-?\d+\.\d/);
    await expect.poll(() => row.locator('[data-current="false"]').count()).toBe(0);
  }
}

describe.skipIf(!hasBrowser)("an open page", () => {
  test("says that the server or the network is gone, and goes on by itself when it is back", async () => {
    await using open = await studio.open(photo);
    const { page } = open;
    await signIn(page, token);
    await measured(page);
    await expect.poll(() => trouble(page).textContent()).toBe("");
    await studio.stop();
    await quality(page).fill("50");
    await expect.poll(() => trouble(page).textContent()).toMatch(/does not answer.* tries again/);
    await studio.start();
    await measured(page);
    await expect.poll(() => trouble(page).textContent()).toBe("");
    await page.context().setOffline(true);
    await quality(page).fill("60");
    await expect.poll(() => trouble(page).textContent()).toMatch(/does not answer/);
    await page.context().setOffline(false);
    await measured(page);
    await expect.poll(() => trouble(page).textContent()).toBe("");
  });

  test("asks for the token when the server has another one, and then shows the same state", async () => {
    await using open = await studio.open(photo);
    const { page } = open;
    await signIn(page, token);
    await measured(page);
    await studio.stop();
    await studio.start({ TOKEN: "another-token-of-this-test" });
    await quality(page).fill("45");
    await page.getByText("The server refused that token.").waitFor();
    await signIn(page, "another-token-of-this-test");
    await measured(page);
    expect(await quality(page).inputValue()).toBe("45");
    await studio.stop();
    await studio.start();
  });

  test("shows the new photograph, its size and its bytes when it is replaced, and says it when it is deleted", async () => {
    await using open = await studio.open(photo);
    const { page } = open;
    await signIn(page, token);
    await measured(page);
    const rows = await page.locator(".formats tbody tr").allTextContents();
    const facts = await page.locator(".facts").first().textContent();
    await copyFile(join(studio.photos, "trips/harbour.jpg"), join(studio.photos, "replaced.jpg"));
    await quality(page).fill("41");
    await expect.poll(() => page.locator(".facts").first().textContent()).not.toBe(facts);
    await quality(page).fill("40");
    await measured(page);
    const now = await page.locator(".formats tbody tr").allTextContents();
    expect(now.every((row, at) => row !== rows[at])).toBe(true);
    await rm(join(studio.photos, "replaced.jpg"));
    await quality(page).fill("39");
    await page.locator(".photo > .failure", { hasText: "There is no such photograph." }).waitFor();
    await expect.poll(() => page.locator(".formats tbody tr").allTextContents()).toHaveLength(3);
    await copyFile(join(studio.photos, "worms.jpg"), join(studio.photos, "replaced.jpg"));
  });
});
