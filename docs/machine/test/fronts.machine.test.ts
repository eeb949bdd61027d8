import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { atFileEnd } from "../../../server/test/support/file-end.ts";
import { type Pod, startPod } from "../../../server/test/support/pod.ts";
import { temporaryFolder } from "../../../server/test/support/temporary-folder.ts";
import { type Asked, type Front, get, has, startCaddy, startNginx } from "./front.ts";

const token = "a-token-of-the-test-alone";
const auth = { authorization: `Bearer ${token}` };
const cases = [
  { name: "nginx", start: startNginx },
  { name: "caddy", start: startCaddy },
].filter(({ name }) => has(name));

const atEnd = atFileEnd();
let work: string;
let server: Pod;
let direct: number;
let readers = 0;

beforeAll(async () => {
  work = await temporaryFolder(atEnd);
  const photos = path.join(work, "photos");
  await mkdir(path.join(photos, "a b"), { recursive: true });
  const picture = await sharp({ create: { width: 400, height: 300, channels: 3, background: "teal" } })
    .jpeg()
    .toBuffer();
  for (const name of ["worms.jpg", "a b/50% é+.jpg"]) await writeFile(path.join(photos, name), picture);
  // A camera file of 24 MiB: what comes after the picture is no part of it.
  await writeFile(path.join(photos, "large.jpg"), Buffer.concat([picture, Buffer.alloc(24 << 20, 7)]));
  server = await startPod(
    {
      SOURCE: photos,
      CACHE_DIR: path.join(work, "cache"),
      TOKEN: token,
      TRUSTED_PROXIES: "127.0.0.1,::1",
      COLD_BUDGET: "3",
    },
    undefined,
    atEnd,
  );
  direct = Number(new URL(server.url).port);
});

describe.each(cases)("behind $name", ({ name, start }) => {
  let front: Front;
  beforeAll(async () => {
    front = await start(direct);
  });
  afterAll(() => front?.program.stop());

  test("a reader gets the format that the browser accepts, and the headers that caches need", async () => {
    const target = "/?img=worms.jpg&q=33&w=100";
    for (const accept of ["image/avif,image/webp,*/*", "image/webp", "*/*"]) {
      const [own, through] = await both(target, { headers: { accept, ...auth } });
      expect(through?.status).toBe(200);
      for (const header of ["content-type", "vary", "cache-control", "etag", "content-length"])
        expect([header, through?.headers[header]]).toEqual([header, own?.headers[header]]);
      expect(through?.headers.vary).toBe("Accept");
      const again = await get(front.port, target, {
        headers: { accept, "if-none-match": `${through?.headers.etag}` },
      });
      expect(again.status).toBe(304);
    }
  });

  test.each([
    "//?img=worms.jpg&q=33",
    "/%2F?img=worms.jpg&q=33",
    "/x/../?img=worms.jpg&q=33",
    "/x/%2e%2e/?img=worms.jpg&q=33",
    "/./?img=worms.jpg&q=33",
    "/api%2Fprobe",
    "//api/probe",
    "/?img=a%20b%2F50%25%20%C3%A9%2B.jpg&q=33&w=50",
    "/?img=a+b/50%25+%C3%A9%2B.jpg&q=33&w=50",
    "/?img=%2e%2e%2fworms.jpg&q=33",
    "/?img=worms.jpg&&q=33&w=50",
  ])("%s arrives unchanged", async (target) => {
    const [own, through] = await both(target, { headers: auth });
    expect([through?.status, codeIn(through?.body)]).toEqual([own?.status, codeIn(own?.body)]);
  });

  test("a large original arrives whole, and in parts", async () => {
    const [own, through] = await both("/?img=large.jpg");
    expect(through?.body.byteLength).toBeGreaterThan(24 << 20);
    expect(sha(through?.body)).toBe(sha(own?.body));
    const part = await get(front.port, "/?img=large.jpg", { headers: { range: "bytes=20000000-20000099" } });
    expect([part.status, part.body.byteLength]).toEqual([206, 100]);
  });

  test("the server counts readers by their own address, whatever they claim", async () => {
    const [greedy, other] = name === "nginx" ? ["127.0.0.2", "127.0.0.3"] : ["127.0.0.4", "127.0.0.5"];
    const statuses: number[] = [];
    for (let width = 0; width < 12; width++) {
      const headers = { "x-forwarded-for": `203.0.113.${width}` };
      const target = `/?img=worms.jpg&q=40&w=${200 + width}`;
      statuses.push((await get(front.port, target, { headers, from: greedy })).status);
    }
    expect(statuses).toContain(429);
    const target = `/?img=worms.jpg&q=41&w=${name === "nginx" ? 300 : 301}`;
    expect((await get(front.port, target, { from: other })).status).toBe(200);
  });

  test("a publish of a large site reaches the API", async () => {
    const keys = Array.from({ length: 12_000 }, (_, index) => [
      `trips/${"long-".repeat(16)}${index}.jpg`,
      [`img=trips%2F${"long-".repeat(16)}${index}.jpg&q=60&w=480`],
    ]);
    const body = Buffer.from(JSON.stringify({ images: Object.fromEntries(keys) }));
    expect(body.byteLength).toBeGreaterThan(1 << 20);
    const headers = { ...auth, "content-type": "application/json", "content-length": `${body.byteLength}` };
    const answer = await get(front.port, "/api/published/blog.example/one", { method: "PUT", headers, body });
    expect([answer.status, answer.body.toString()]).toEqual([204, ""]);
  });

  /** Each time as another reader, so that no budget ends. */
  function both(target: string, asked?: Asked) {
    const from = `127.0.1.${++readers}`;
    return Promise.all([
      get(direct, target, { ...asked, from }),
      get(front.port, target, { ...asked, from }),
    ]);
  }
});

/** The code of an error; of an image, nothing. */
function codeIn(body: Buffer | undefined): unknown {
  if (body?.[0] !== "{".charCodeAt(0)) return undefined;
  return JSON.parse(body.toString()).code;
}

function sha(body: Buffer | undefined): string {
  return createHash("sha256")
    .update(body ?? "")
    .digest("hex");
}
