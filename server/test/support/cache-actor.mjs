// One replica among several, as a process of its own that can be killed. The role and its options come as JSON.
import { setImmediate } from "node:timers/promises";
import { createDiskCache } from "../../../dist/server/cache/disk.js";
import { sweep } from "../../../dist/server/gc/sweep.js";

const {
  role,
  folder,
  keys = 8,
  count = Number.POSITIVE_INFINITY,
  atOnce = 1,
  limits = {},
} = JSON.parse(process.argv[2]);
const cache = await createDiskCache({ folder });
const totals = { done: 0, bad: 0, missed: 0, failed: 0 };

const variantOf = (index) => ({ key: `photo-${index % keys}.jpg`, width: 800, quality: 55, class: "webp" });

/** Bytes that tell by themselves, without any checksum, whether they are whole and whose they are. */
function bodyOf(index) {
  const body = Buffer.alloc(100 + Math.floor(Math.random() * 60_000), index % keys);
  body.writeUInt32BE(body.length, 0);
  return body;
}

function isWhole(index, body) {
  return body.length === body.readUInt32BE(0) && body.subarray(4).every((byte) => byte === index % keys);
}

/** Each of another etag: what is there already is not written again. */
function metaOf() {
  const etag = `"${Math.random()}"`;
  return {
    ...{ validator: '"v"', contentType: "image/webp", width: 800, height: 600 },
    ...{ etag, effort: 4, substitute: false, made: 1 },
  };
}

const roles = {
  async write(index) {
    if (!(await cache.write(variantOf(index), { meta: metaOf(), body: bodyOf(index) }))) totals.failed++;
  },
  async read(index) {
    const entry = await cache.read(variantOf(index));
    if (entry === undefined) totals.missed++;
    else if (!isWhole(index, entry.body)) totals.bad++;
  },
  async sweep() {
    const pins = new Set();
    await sweep({ folder, pins, maxBytes: 1e12, maxFiles: 1e9, minFreeBytes: 0, maxIdleMs: 1e12, ...limits });
    // A sweep of a few files is synchronous: without a turn of the event loop no signal would arrive.
    await setImmediate();
  },
};

let stopped = false;
process.on("SIGTERM", () => {
  stopped = true;
});
process.stdout.write("ready\n");
for (let index = 0; index < count && !stopped; index += atOnce) {
  await Promise.all(
    Array.from({ length: Math.min(atOnce, count - index) }, (_, at) => roles[role](index + at)),
  );
  totals.done += Math.min(atOnce, count - index);
}
process.stdout.write(`${JSON.stringify(totals)}\n`);
