import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Problem } from "../../errors.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World } from "../../test/support/world.ts";

let dev: World;
beforeAll(async () => {
  dev = await createWorld({ dev: true });
  await mkdir(join(dev.folder, "trips"));
  await writeFile(join(dev.folder, "trips/worms.jpg"), await photo(16, 12).jpeg().toBuffer());
  await writeFile(join(dev.folder, "broken.jpg"), "text");
});
afterAll(() => dev.close());

/** As the `<img>` of a page asks. */
const forImage = { "sec-fetch-dest": "image", accept: "image/avif,image/webp,*/*" };

async function ask(query: string, headers: Record<string, string> = forImage, world = dev) {
  const answer = await world.get(`/?${query}`, { headers });
  const { status, headers: got } = answer;
  return {
    status,
    type: got.get("content-type"),
    cache: got.get("cache-control"),
    vary: got.get("vary"),
    text: await answer.text(),
  };
}

test("in development, a failing <img> shows that its photograph is not in the bucket, and the nearest name", async () => {
  const shown = await ask("img=trips/wroms.jpg&q=33");
  expect(shown).toMatchObject({
    status: 404,
    type: "image/svg+xml",
    cache: "no-store",
    vary: "Sec-Fetch-Dest",
  });
  expect(shown.text).toContain(
    "<title>trips/wroms.jpg is not in the bucket. Did you mean trips/worms.jpg?</title>",
  );
  const drawn = await sharp(Buffer.from(shown.text)).metadata();
  expect([drawn.format, drawn.width]).toEqual(["svg", 800]);
});

test("every other client gets problem+json for the same URL", async () => {
  for (const headers of [{}, { "sec-fetch-dest": "document" }, { "sec-fetch-dest": "empty" }])
    expect(await ask("img=trips/wroms.jpg&q=33", { ...headers, accept: "*/*" })).toMatchObject({
      status: 404,
      type: "application/problem+json",
      vary: "Sec-Fetch-Dest",
    });
});

test("the picture of any other failure has its detail and its remedy", async () => {
  expect((await ask("img=broken.jpg&q=33")).text).toMatch(/<title>broken\.jpg .+ Upload it as JPEG, PNG/);
  expect(await ask("img=trips/worms.jpg&q=101")).toMatchObject({
    status: 400,
    text: expect.stringContaining("q takes a whole number from 1 to 100"),
  });
  const lost = await dev.get("/nothing/here.jpg", { headers: forImage });
  expect([lost.status, lost.headers.get("content-type")]).toEqual([404, "image/svg+xml"]);
});

test.each(["<img src=x onerror=alert(1)>.jpg", `a"b'c&d.jpg`, "]]>.jpg", `${"w".repeat(300)}.jpg`])(
  "a key such as %s is text in the picture, and nothing else",
  async (key) => {
    const { text } = await ask(`img=${encodeURIComponent(key)}&q=33`);
    expect(text).not.toContain("<img");
    expect(text.match(/<(?!\/?(?:svg|title|rect|g|text)\b)/g)).toBeNull();
    expect((await sharp(Buffer.from(text)).metadata()).format).toBe("svg");
  },
);

test("a page of another site learns no name of a photograph from the picture", async () => {
  const query = "img=trips/wroms.jpg&q=33";
  for (const headers of [{ origin: "https://evil.example" }, { "x-forwarded-for": "203.0.113.7" }])
    expect((await ask(query, { ...forImage, ...headers })).text).not.toContain("worms");
});

test.each(["busy", "over-budget"] as const)("%s is problem+json for an <img> too", async (code) => {
  dev.fault = () => Promise.reject(new Problem(code));
  const shown = await ask("img=trips/other.jpg&q=33");
  dev.fault = async () => undefined;
  expect(shown.type).toBe("application/problem+json");
});

test("in production, a failing <img> gets problem+json, and caches keep one answer for all clients", async () => {
  const production = await createWorld({});
  const shown = await ask("img=trips/wroms.jpg&q=33", forImage, production);
  await production.close();
  expect(shown).toMatchObject({ status: 404, type: "application/problem+json", vary: null });
});
