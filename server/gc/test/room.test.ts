import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeReservation } from "../../cache/reservations.ts";
import { writeUsage } from "../../cache/usage.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { hasRoom } from "../room.ts";

test("a cache has room up to its low watermark, 80 % of bytes and files, counting what writers have reserved since the sweep", async () => {
  const folder = await temporaryFolder();
  const limits = { folder, maxBytes: 1000, maxFiles: 100, minFreeBytes: 0 };
  expect(await hasRoom(limits)).toBe(true);
  const swept = { bytes: 700, files: 70, swept: 5, tookMs: 0 };
  await writeUsage(folder, swept);
  expect(await hasRoom(limits)).toBe(true);
  await writeReservation(folder, "one", { bytes: 100, files: 10, since: 5 }, new Date());
  expect(await hasRoom(limits)).toBe(true);
  for (const more of [
    { bytes: 1, files: 0 },
    { bytes: 0, files: 1 },
  ]) {
    await writeReservation(folder, "two", { ...more, since: 5 }, new Date());
    expect(await hasRoom(limits)).toBe(false);
  }
  await writeReservation(folder, "two", { bytes: 0, files: 0, since: 5 }, new Date());
  expect(await hasRoom({ ...limits, minFreeBytes: 2 ** 60 })).toBe(false);
  // What cannot be read is not room.
  await rm(join(folder, "claims"), { recursive: true });
  await writeFile(join(folder, "claims"), "");
  await expect(hasRoom(limits)).rejects.toThrow("ENOTDIR");
});
