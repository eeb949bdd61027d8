import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { photo } from "../support/pictures.ts";
import { startPod } from "../support/pod.ts";
import { Readers, Tally } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bounded, report, sized } from "./chaos.ts";

/** A connection that has sent this much and reads nothing. */
function open(port: number, text: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(text);
      resolve(socket.off("error", reject).on("error", () => undefined));
    });
    socket.once("error", reject).pause();
    onTestFinished(() => void socket.destroy());
  });
}

test("2,000 clients that send their heads slowly and 500 that do not read affect no other client", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "worms.jpg"), await photo(2_400, 1_800).jpeg({ quality: 95 }).toBuffer());
  await writeFile(join(folder, "boats.jpg"), await photo(160, 120).jpeg().toBuffer());
  const pod = await startPod({ SOURCE: folder, CACHE_DIR: join(folder, "cache"), GC_INTERVAL: "0" });
  const port = Number(new URL(pod.url).port);
  const readers = new Readers(10);
  onTestFinished(() => readers.close());
  const hit = `${pod.url}?img=boats.jpg&q=50&w=100&fm=jpg`;
  const [idle, busy] = [new Tally(), new Tally()];
  await readers.each(500, 10, () => readers.count(hit, idle));

  const slow = await Promise.all(
    Array.from({ length: sized(500, 50) }, () =>
      open(port, "GET /?img=worms.jpg HTTP/1.1\r\nHost: x\r\n\r\n"),
    ),
  );
  const trickles = await Promise.all(
    Array.from({ length: sized(2_000, 200) }, () => open(port, "GET / HTTP/1.1\r\nX-A: ")),
  );
  const opened = performance.now();
  let [left, lastSeconds] = [trickles.length, 0];
  for (const socket of trickles)
    socket.resume().once("close", () => {
      left--;
      lastSeconds = (performance.now() - opened) / 1000;
    });
  const drip = setInterval(() => {
    for (const socket of trickles) if (socket.writable) socket.write("a");
  }, 1_000);
  onTestFinished(() => clearInterval(drip));
  // Until the last of them is closed; readers use new connections too.
  while (left > 0) {
    await readers.each(50, 10, () => readers.count(hit, busy));
    const fresh = new Readers(1);
    await fresh.count(hit, busy);
    fresh.close();
  }
  expect([...busy.statuses.keys()]).toEqual([200]);
  bounded("the last trickle closed, seconds", lastSeconds, 13);
  bounded("readers meanwhile, p99 in ms", busy.p99(200), Math.max(20, 2 * idle.p99(200)));
  report(
    "L4",
    `${trickles.length} trickled heads and ${slow.length} connections that read nothing`,
    `other readers 100 % 200 (${busy.count(200)}), p99 ${busy.p99(200)} ms (idle ${idle.p99(200)} ms); trickles closed within ${lastSeconds.toFixed(0)} s`,
  );
});
