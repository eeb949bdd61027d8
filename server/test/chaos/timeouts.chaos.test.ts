import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { photo } from "../support/pictures.ts";
import { type Pod, startPod } from "../support/pod.ts";
import { Readers } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { report, sized } from "./chaos.ts";

const jpeg = await photo(200, 150).jpeg().toBuffer();

async function startOn(answer: RequestListener, settings: Readonly<Record<string, string>>): Promise<Pod> {
  const source = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => source.once("listening", resolve));
  onTestFinished(() => {
    source.closeAllConnections();
    source.close();
  });
  const { port } = source.address() as AddressInfo;
  const folder = await temporaryFolder();
  return startPod({
    SOURCE: `http://127.0.0.1:${port}/`,
    CACHE_DIR: join(folder, "cache"),
    GC_INTERVAL: "0",
    ...settings,
  });
}

function createReaders(): Readers {
  const readers = new Readers(3);
  onTestFinished(() => readers.close());
  return readers;
}

/** A variant, the description and the original: each uses the source in its own way. */
const kinds = ["&q=50&fm=webp", "&fm=json", ""];

test("a slow source has the whole SOURCE_TIMEOUT, and its reader gets the image", async () => {
  // Longer than limits of 3 s for a head and 2 s for a pause; at full size also than 30 s without a byte to the reader.
  const [head, pause] = [sized(25_000, 3_500), sized(15_000, 2_500)];
  const pod = await startOn(
    async (_, response) => {
      await sleep(head);
      response.writeHead(200, { "content-length": jpeg.byteLength, etag: '"x"' });
      response.write(jpeg.subarray(0, 500));
      await sleep(pause);
      response.end(jpeg.subarray(500));
    },
    { SOURCE_TIMEOUT: `${sized(120, 60)}s`, ENCODE_TIMEOUT: "60s" },
  );
  const readers = createReaders();
  const answers = await Promise.all(kinds.map((kind, at) => readers.ask(`${pod.url}?img=${at}.jpg${kind}`)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers[2]?.body.equals(jpeg)).toBe(true);
  report("U2", `a source with a head after ${head} ms and a pause of ${pause} ms`, "100 % 200");
});

test("a source that is silent for SOURCE_TIMEOUT is answered with 504, never with a closed connection", async () => {
  const pod = await startOn(() => undefined, { SOURCE_TIMEOUT: `${sized(40, 1)}s` });
  const readers = createReaders();
  const answers = await Promise.all(kinds.map((kind, at) => readers.ask(`${pod.url}?img=${at}.jpg${kind}`)));
  expect(answers.map(({ status }) => status)).toEqual([504, 504, 504]);
});
