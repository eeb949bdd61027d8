import { readFile } from "node:fs/promises";
import { afterAll, expect, test } from "vitest";
import { lanesApart } from "../../../dev/lanes.ts";
import { createPool } from "../pool/pool.ts";
import { patient } from "./patient.ts";

const pool = createPool(patient);
afterAll(() => pool.close());

const names = ["garden", "night", "portrait", "worms"];
const originals = await Promise.all(
  names.map((name) => readFile(new URL(`score-pairs/${name}.jpg`, import.meta.url))),
);

// Pictures of this size are up to half a point off the table: `npm run test:score` has larger ones, at every quality.
test.each(["avif", "webp", "jpg"] as const)(
  "at one q, a reader's %s looks like a publish's, on average of four photographs",
  async (format) => {
    const [apart] = await lanesApart(pool, originals, { width: 225, qualities: [60], format });
    expect(Math.abs(apart ?? Number.NaN)).toBeLessThanOrEqual(1.5);
  },
);
