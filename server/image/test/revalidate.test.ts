import { expect, test } from "vitest";
import type { SourceRecord } from "../../cache/cache.ts";
import { createDiskCache } from "../../cache/disk.ts";
import { createBackground } from "../../concurrency/background.ts";
import { createSingleFlight } from "../../concurrency/single-flight.ts";
import { remotePolicy } from "../../http/freshness.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { createRevalidation, type Known } from "../revalidate.ts";

const minute = 60_000;

test("a confirmed source is recorded for other replicas four times an hour, not at each question", async () => {
  let now = 0;
  const records = await createDiskCache({ folder: await temporaryFolder() });
  await records.changeRecord("worms.jpg", () => record);
  const background = createBackground((_, error) => {
    throw error;
  });
  const revalidation = createRevalidation({
    source: { stat: async () => ({ validator: record.validator, bytes: record.bytes }), open: notAsked },
    flights: createSingleFlight<Known>(),
    records,
    background,
    gone: notAsked,
    policy: remotePolicy,
    now: () => now,
  });
  const written: number[] = [];
  for (now = minute; now <= 60 * minute; now += minute) {
    await revalidation.force("worms.jpg", new AbortController().signal);
    await background.idle();
    written.push((await records.readRecord("worms.jpg"))?.checked ?? Number.NaN);
  }
  expect([...new Set(written)]).toEqual([0, 15, 30, 45, 60].map((minutes) => minutes * minute));
});

const record: SourceRecord = {
  validator: '"1"',
  bytes: 4,
  type: "image/jpeg",
  width: 2,
  height: 2,
  frames: 1,
  alpha: false,
  look: 1,
  checked: 0,
};

async function notAsked(): Promise<never> {
  throw new Error("nobody asks for this here");
}
