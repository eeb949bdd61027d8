import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { photo } from "./support/pictures.ts";
import { createWorld, type World } from "./support/world.ts";

const names = Array.from({ length: 30 }, (_, n) => `${n}.jpg`);
const warnings: string[] = [];
const listen = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`);
let world: World;

beforeEach(async () => {
  warnings.length = 0;
  process.on("warning", listen);
  world = await createWorld({
    // Every stored entry is due for a check after its answer.
    policy: { unversionedSeconds: 1e-9, checksFirst: false, versionedSeconds: 1e-9 },
    tokens: ["a-token"],
  });
  const body = await photo(40, 30).jpeg().toBuffer();
  for (const name of names) await writeFile(join(world.folder, name), body);
});

afterEach(async () => {
  process.off("warning", listen);
  await world.close();
});

/** Node warns in a later turn. */
async function warned(): Promise<readonly string[]> {
  await new Promise((resolve) => setImmediate(resolve));
  return warnings;
}

/** The source answers nothing until the returned function is called. */
function holdSource(): () => void {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  world.fault = () => held;
  world.asked.length = 0;
  return release;
}

test("Node prints no warning while thirty photographs are checked in the background", async () => {
  for (const name of names) expect((await world.get(`/?img=${name}&q=33&fm=jpg`)).status).toBe(200);
  await world.service.background.idle();
  const release = holdSource();
  for (const name of names) expect((await world.get(`/?img=${name}&q=33&fm=jpg`)).status).toBe(200);
  await expect.poll(() => world.asked.length).toBe(names.length);
  expect(await warned()).toEqual([]);
  release();
});

test("a server that stops aborts every running check", async () => {
  for (const name of names) await world.get(`/?img=${name}&q=33&fm=jpg`);
  await world.service.background.idle();
  holdSource();
  for (const name of names) await world.get(`/?img=${name}&q=33&fm=jpg`);
  await expect.poll(() => world.asked.length).toBe(names.length);
  // The source is still held.
  await world.service.background.stop();
});

test("Node prints no warning while one call probes thirty absent photographs", async () => {
  const images = names.map((name) => `absent/${name}`);
  const response = await world.get("/api/probe", {
    method: "POST",
    body: JSON.stringify({ images, neighbours: true }),
    headers: { authorization: "Bearer a-token", "content-type": "application/json" },
  });
  expect(response.status).toBe(200);
  const answer: { readonly images: object } = JSON.parse(await response.text());
  expect(Object.keys(answer.images).sort()).toEqual(images.sort());
  expect(await warned()).toEqual([]);
});
