import { expect, test } from "vitest";
import { createPool } from "../pool/pool.ts";
import { describeSvg } from "../svg.ts";

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
  ["<svg>", 0, 0],
  ['<svg width="1e9" height="x" viewBox="0 0 -1 NaN">', 0, 0],
  ["<!-- <svg", 0, 0],
])("the size of %s is %i × %i", (text, width, height) => {
  const probe = describeSvg(new TextEncoder().encode(text));
  expect(probe).toEqual({ type: "image/svg+xml", width, height, frames: 1, alpha: true });
});

test("an SVG is described without a process, a slot or a decoder", async () => {
  const pool = createPool({ slots: { live: 1, warm: 1 } });
  const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>');
  const options = { lane: "live", signal: new AbortController().signal } as const;
  expect(await pool.describe(svg, options)).toMatchObject({ width: 3, height: 2 });
  pool.close();
});
