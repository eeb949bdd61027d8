import { pathOf, startOurs } from "../../peers/ours.ts";
import type { Bench } from "../../tools/bench.ts";
import { bodyOf } from "../../tools/load/get.ts";
import { ownCpuMsOf } from "../../tools/measure/cpu.ts";
import type { Target } from "../../tools/result/result.ts";
import { OURS, Unmade } from "./runners.ts";
import { QUALITY } from "./variants.ts";

/** CPU time of the server process alone in a miss: an original of a bucket, without its encoders. */
export async function ownCpu(bench: Bench, bucketUrl: string, kilobytes: number): Promise<Target> {
  const ours = await startOurs({ ...bench, photos: `${bucketUrl}/` });
  const kind = { format: "jpg", width: 480 } as const;
  const unmade = new Unmade(["a.jpg", "b.jpg", "c.jpg", "d.jpg"]);
  const miss = (): Promise<Buffer> =>
    bodyOf(ours.url + pathOf({ ...unmade.next(OURS, kind), quality: QUALITY }));
  bench.tell("the server's own CPU in a miss");
  // The compiler works during the first ones.
  for (let count = 0; count < WARM_UP; count++) await miss();
  const before = ownCpuMsOf(ours.pid);
  for (let count = 0; count < COUNTED; count++) await miss();
  const measured = (ownCpuMsOf(ours.pid) - before) / COUNTED;
  await ours.stop();
  return {
    claim: `server process's own CPU in a miss, HTTP source, ${Math.round(kilobytes)} KB original`,
    measured,
    atMost: 4,
    unit: " ms",
  };
}

const WARM_UP = 600;
const COUNTED = 300;
