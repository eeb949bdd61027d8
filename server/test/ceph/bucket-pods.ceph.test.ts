import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, inject, test } from "vitest";
import { formatQuery } from "../../../contract/url/request.ts";
import { rgwOf, signalDaemon, startDaemon, stopDaemon, until } from "../../../dev/ceph/daemon.ts";
import type { Pod } from "../support/pod.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type Asked, ask, putPhoto, startPodOn } from "./bucket.ts";
import { full } from "./cephfs-mounts.ts";

const ceph = inject("ceph");

const oddKeys = [
  "with space.jpg",
  "plus+plus.jpg",
  "percent%25 100%.jpg",
  "amp&q=1&amp;.jpg",
  "hash#1.jpg",
  "question?q=1.jpg",
  "a/b/c/nested.jpg",
  "double//slash.jpg",
  "nfc-\u00e9.jpg",
  "nfd-e\u0301.jpg",
  "日本語/写真 📷.jpg",
];

test.each([
  ["a bucket", ceph.bucket, `s3://${ceph.bucket}`, ""],
  ["a prefix of a bucket", ceph.bucket, `s3://${ceph.bucket}/photos of/a b`, "photos of/a b/"],
  ["a public bucket over HTTP", ceph.publicBucket, `${ceph.endpoint}/${ceph.publicBucket}/`, ""],
])(
  "unusual keys of %s are found by their URLs, and missing ones are 404",
  async (_, bucket, source, prefix) => {
    const pod = await startPodOn(source, await temporaryFolder());
    // Each has its own width, so that a mix-up is noticed.
    for (const [at, key] of oddKeys.entries()) {
      const version = await putPhoto(prefix + key, 50 + at, bucket);
      expect(await ask(pod, formatQuery({ key, quality: 50, version }))).toMatchObject({
        status: 200,
        width: 50 + at,
        age: "immutable",
      });
    }
    for (const key of ["missing.jpg", "a/b", "with space"])
      expect(await ask(pod, formatQuery({ key, quality: 50 }))).toMatchObject({ status: 404 });
  },
);

describe("a pod with a faulty gateway", () => {
  afterEach(async () => {
    if (!signalDaemon(ceph.folder, "rgw", "SIGCONT")) await startDaemon(ceph.folder, rgwOf(ceph));
    await until("the gateway", async () => void (await putPhoto("alive", 1)));
  });

  test.each([
    // Ten minutes with CHAOS=1, and a minute for the other.
    ["suspended", () => signalDaemon(ceph.folder, "rgw", "SIGSTOP"), 504, 10_000],
    ["killed", () => stopDaemon(ceph.folder, "rgw"), 502, 1_000],
  ] as const)(
    "a pod whose gateway is %s serves its whole cache, and reports the rest",
    async (_, fail, status, requests) => {
      const version = await putPhoto("warm.jpg", 200);
      const pod = await startPodOn(`s3://${ceph.bucket}`, await temporaryFolder());
      const warm = ["img=warm.jpg&q=50", `img=warm.jpg&q=50&v=${version}`];
      for (const query of warm) expect(await ask(pod, query)).toMatchObject({ status: 200 });
      await fail();
      // One by one: after some of these the breaker is open and nobody waits any more.
      const missed = [];
      for (let quality = 10; quality < 15; quality++)
        missed.push(await ask(pod, `img=warm.jpg&q=${quality}`));
      for (const answer of missed) expect([status, 503]).toContain(answer.status);
      expect(missed[0]).toMatchObject({ status, age: "no-store" });
      const answers = await askSteadily(pod, warm, full ? requests : 300, full ? 60 : 1);
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ cache }) => cache))).toEqual(new Set(["hit"]));
      // Nothing can tell whether this version exists: the cached one is served, and marked as stale.
      const unsure = Array.from({ length: 20 }, (_, at) => ask(pod, `img=warm.jpg&q=50&v=${1e9 + at}`));
      const stale = await Promise.all(unsure);
      for (const answer of stale) expect(answer).toMatchObject({ status: 200, age: "a minute" });
      expect(stale.map(({ cache }) => cache)).toContain("hit; detail=stale-if-error");

      if (!signalDaemon(ceph.folder, "rgw", "SIGCONT")) await startDaemon(ceph.folder, rgwOf(ceph));
      await until("a miss to be made", async () => {
        expect(await ask(pod, "img=warm.jpg&q=20")).toMatchObject({ status: 200, cache: "fwd=miss" });
      });
      expect((await ask(pod, "img=absent.jpg&q=20")).status).toBe(404);
    },
    900_000,
  );
});

/** One after the other, at a pace. */
async function askSteadily(
  pod: Pod,
  queries: readonly string[],
  count: number,
  pauseMs: number,
): Promise<Asked[]> {
  const answers: Promise<Asked>[] = [];
  for (let at = 0; at < count; at++) {
    answers.push(ask(pod, queries[at % queries.length] ?? ""));
    await sleep(pauseMs);
  }
  return await Promise.all(answers);
}
