import { readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type * as v from "valibot";
import { object, whole } from "../../contract/schema.ts";
import { isAbsent, publish } from "./files.ts";
import { accepted, parseObject } from "./json.ts";
import { TEMPORARY } from "./name.ts";

const count = whole(0, Number.MAX_SAFE_INTEGER);

/** Bytes of the quota that a replica has reserved since a sweep; it writes them to its own file before it uses them. */
const reservation = object({
  bytes: count,
  files: count,
  /** `swept` of the sweep that it counts from: the next sweep makes it invalid. */
  since: count,
});
export type Reservation = v.InferOutput<typeof reservation>;

const CLAIMS_FOLDER = "claims";

/** @throws the system's error */
export async function writeReservation(
  folder: string,
  replica: string,
  claim: Reservation,
  now: Date,
): Promise<void> {
  await publish(folder, [CLAIMS_FOLDER, replica], Buffer.from(JSON.stringify(claim)), now);
}

/** The sum of the replicas' reservations since a sweep, without one replica. @throws the system's error */
export async function readReservations(
  folder: string,
  since: number,
  except?: string,
): Promise<{ readonly bytes: number; readonly files: number }> {
  const sum = { bytes: 0, files: 0 };
  for (const replica of await namesIn(folder)) {
    if (replica.startsWith(TEMPORARY)) continue;
    const claim = replica === except ? undefined : await readClaim(join(folder, CLAIMS_FOLDER, replica));
    if (claim?.since !== since) continue;
    sum.bytes += claim.bytes;
    sum.files += claim.files;
  }
  return sum;
}

/** Deletes reservations from before a sweep, and half-written files: most of those replicas are gone. */
export async function forgetReservations(folder: string, since: number): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, CLAIMS_FOLDER, name);
    const gone = name.startsWith(TEMPORARY)
      ? await isOld(path, since)
      : await readClaim(path).then(
          (claim) => claim?.since !== since,
          () => false,
        );
    if (gone) await unlink(path).catch(() => undefined);
  }
}

// --- files ---

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(join(folder, CLAIMS_FOLDER)).catch(unlessAbsent([]));
}

/** A missing file counts as 0; a file that cannot be read can contain anything. @throws the system's error */
function unlessAbsent<Value>(none: Value): (error: unknown) => Value {
  return (error) => {
    if (isAbsent(error)) return none;
    throw error;
  };
}

async function isOld(path: string, now: number): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now }));
  return now - mtimeMs > 3_600_000;
}

async function readClaim(path: string): Promise<Reservation | undefined> {
  return accepted(reservation, parseObject(await readFile(path, "utf8").catch(unlessAbsent(""))));
}
