import { expect, test } from "vitest";
import { sniff } from "../../formats/sniff.ts";
import { createPool } from "../pool/pool.ts";
import { describeSvg } from "../svg.ts";
import { patient } from "./patient.ts";

test.each([
  ['<svg width="300" height="200px">', 300, 200],
  ["<svg viewBox='0 0 640 480'>", 640, 480],
  ['<svg viewBox="0,0,640,480" width="320">', 320, 240],
  ['<svg viewBox="0 0 640 480" height="120">', 160, 120],
  ['<svg width="100%" height="100%" viewBox="-5 -5 50 40">', 50, 40],
  ['<?xml version="1.0"?><!-- <svg width="1"> --><svg stroke-width="9" width="7.6" height="8">', 8, 8],
  [
    '<!DOCTYPE svg [<!ENTITY a "<svg width=\'1\'>">]><svg aria-label="a > b" width = "5" height=\'6\'/>',
    5,
    6,
  ],
  ['<svg:svg width="5" height="6">', 5, 6],
  ['<svg width="210mm" height="297mm" viewBox="0 0 210 297">', 794, 1123],
  ['<svg width="72pt" height="36pt">', 96, 48],
  ['<svg width="1in" height="2.54cm">', 96, 96],
  ['<svg width="2pc" height="40Q">', 32, 38],
  ['<svg width="10em" height="1e2PX">', 160, 100],
  ['<svg width=" +.5in " viewBox="0 0 4 2">', 48, 24],
  ["<svg>", 0, 0],
  ['<svg width="1e9" height="x" viewBox="0 0 -1 NaN">', 0, 0],
  ["<!-- <svg", 0, 0],
])("the size of %s is %i × %i", (text, width, height) => {
  const probe = describeSvg(new TextEncoder().encode(text));
  expect(probe).toEqual({ type: "image/svg+xml", width, height, frames: 1, alpha: true });
});

test.each([
  ["UTF-16 with a byte order mark", Buffer.from("\ufeff<svg width='5' height='6'/>", "utf16le")],
  ["UTF-16 without one", Buffer.from("<svg width='5' height='6'/>", "utf16le")],
  ["UTF-16, the other way round", Buffer.from("\ufeff<svg width='5' height='6'/>", "utf16le").swap16()],
  [
    "Latin-1, as it declares",
    Buffer.from(
      "<?xml version='1.0' encoding='ISO-8859-1'?><!-- M\xfcller --><svg width='5' height='6'/>",
      "latin1",
    ),
  ],
  [
    "an encoding that nobody knows",
    Buffer.from("<?xml version='1.0' encoding='x-none'?><!-- \xfc --><svg width='5' height='6'/>", "latin1"),
  ],
  ["a long licence", Buffer.from(`<!--${" licence".repeat(4_000)}--><svg width='5' height='6'/>`)],
  [
    "a long document type",
    Buffer.from(`<!DOCTYPE svg [${"<!ENTITY a 'b>]'>".repeat(2_000)}]><svg width='5' height='6'/>`),
  ],
])("an SVG with %s is recognised, and has its size", (_, svg) => {
  expect(sniff(svg)).toEqual({ kind: "svg", type: "image/svg+xml" });
  expect(describeSvg(svg)).toMatchObject({ width: 5, height: 6 });
});

test("an SVG is described without a process, a slot or a decoder", async () => {
  const pool = createPool({ ...patient, slots: { live: 1, warm: 1 } });
  const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>');
  const options = { lane: "live", signal: new AbortController().signal } as const;
  expect(await pool.describe(svg, options)).toMatchObject({ width: 3, height: 2 });
  pool.close();
});
