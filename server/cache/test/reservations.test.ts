import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { createDiskCache } from "../disk.ts";
import { forgetReservations, readReservations, writeReservation } from "../reservations.ts";

test("a replica's reservation that cannot be read does not count as zero, and is not deleted", async () => {
  const folder = await temporaryFolder();
  expect(await readReservations(folder, 1)).toEqual({ bytes: 0, files: 0 });
  await writeReservation(folder, "one", { bytes: 5, files: 1, since: 1 }, new Date());
  await writeReservation(folder, "old", { bytes: 7, files: 1, since: 0 }, new Date());
  expect(await readReservations(folder, 1)).toEqual({ bytes: 5, files: 1 });
  // Reading it fails with EISDIR, like EIO on a failing volume.
  await mkdir(join(folder, "claims", "unreadable"));
  await expect(readReservations(folder, 1)).rejects.toMatchObject({ code: "EISDIR" });
  await forgetReservations(folder, 1);
  expect((await readdir(join(folder, "claims"))).sort()).toEqual(["one", "unreadable"]);
});

test("a purge reports that the number is unknown if the volume cannot be read", async () => {
  const folder = await temporaryFolder();
  const cache = await createDiskCache({ folder });
  expect([await cache.purge("a.jpg"), await cache.entriesOf("a.jpg")]).toEqual([0, []]);
  // A folder that cannot be read: ENOTDIR.
  await writeFile(join(folder, "v1"), "");
  expect([await cache.purge("a.jpg"), await cache.entriesOf("a.jpg")]).toEqual([undefined, undefined]);
});
