import sharp from "sharp";
import { bareEncode, bareTier } from "../../bare-sharp.ts";

/** Encodes one photograph forever, with the settings and threads of a warm encoder of ours. */
const [file = ""] = process.argv.slice(2);
sharp.concurrency(1);
sharp.cache(false);
for (;;)
  for (const width of [480, 800, 1200, 1600])
    for (const format of ["avif", "webp", "jpg"] as const)
      await bareEncode(bareTier(file, width), { format, q: 55, lane: "warm", width });
