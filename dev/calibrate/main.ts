import { readdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { formats, lanes, measureCurves, widths } from "./curves.ts";
import { offAt, rows } from "./fit.ts";

const usage = `usage: npm run calibrate -- FOLDER… [--curves FILE]

  How far the rows of server/encode/child/quality.ts are off, measured on the photographs of folders: points of SSIMULACRA 2.1
  more than the JPEG at the same q, and the encoder's quality that has the same look as that JPEG. Correct the rows by hand: the
  live lane's to the look that the warm lane's whole numbers have (AVIF has the same bytes at some neighbouring numbers). With the
  curves that are kept, the next run shows the corrected table at once. Takes about a minute of CPU for a photograph that is
  1,600 pixels wide.

  --curves   keeps what is measured, to go on there later (default: .cache/calibrate.jsonl)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    curves: { type: "string", default: ".cache/calibrate.jsonl" },
    help: { type: "boolean", short: "h" },
  },
});

if (values.help === true || positionals.length === 0) process.stdout.write(usage);
else await calibrate(positionals, values.curves);

async function calibrate(folders: readonly string[], kept: string): Promise<void> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder);
      return names.filter((name) => /\.jpe?g$/i.test(name)).map((name) => path.join(folder, name));
    }),
  );
  const curves = await measureCurves(found.flat().sort(), kept, (line) => process.stderr.write(`${line}\n`));
  const cells = (all: readonly (string | number)[]): string =>
    all.map((one) => String(typeof one === "number" ? one.toFixed(1) : one).padStart(9)).join("");
  for (const format of formats)
    for (const lane of lanes) {
      if (format === "jpg" && lane === "warm") continue;
      console.log(`\n${format}, ${lane}`);
      console.log(cells(["q", ...rows.map(String)]));
      for (const width of widths) {
        const { photos, points, wanted } = offAt(curves, format, lane, width);
        console.log(`${cells([`${width} px`, ...points])}  points, ${photos} photographs`);
        console.log(`${cells(["", ...wanted])}  wanted quality`);
      }
    }
}
