import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidJson, type JsonPiece, JsonSplitter, MEMBER_BYTES, PIECE_BYTES } from "../json-pieces.ts";

const split = { images: "object", pins: "list" } as const;

/** All pieces of a text that comes in chunks of this many bytes. */
function piecesOf(text: string | Uint8Array, chunkBytes = 64 * 2 ** 10): JsonPiece[] {
  const bytes = Buffer.from(text);
  const splitter = new JsonSplitter(split);
  const pieces: JsonPiece[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    pieces.push(...splitter.push(bytes.subarray(at, at + chunkBytes)));
  splitter.end();
  return pieces;
}

/** The result of JSON.parse for the whole text. */
function joined(pieces: readonly JsonPiece[]): unknown {
  const whole: Record<string, unknown> = {};
  for (const { of, value } of pieces)
    if (of === "") Object.assign(whole, value);
    else if (Array.isArray(value)) whole[of] = [...((whole[of] as unknown[] | undefined) ?? []), ...value];
    else whole[of] = { ...(whole[of] as object | undefined), ...value };
  return whole;
}

const plain = fc.dictionary(
  fc
    .oneof(fc.string({ unit: "binary" }), fc.constantFrom("images", "pins", '"', "\\"))
    .filter((name) => name !== "__proto__"),
  fc.jsonValue(),
);

describe("a JSON object in pieces", () => {
  test("JSON read in pieces is the same as in one, wherever the chunks end and however it is formatted", () => {
    const spaces = fc.constantFrom(undefined, 1, "\t");
    fc.assert(
      fc.property(
        plain,
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat(20),
        spaces,
        (other, images, bytes, space) => {
          const value = JSON.parse(JSON.stringify({ ...other, images, pins: Object.keys(images) }));
          expect(joined(piecesOf(JSON.stringify(value, undefined, space), bytes + 1))).toEqual(value);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("JSON in pieces is refused if it is cut anywhere, or lacks any one byte without which JSON.parse refuses it too", () => {
    const text = Buffer.from(
      '{"made":1,"images":{"ä,":["x\\"]",2],"b":{}},"pins":["p",[{}]],"until":{"a":[]}} ',
    );
    for (let at = 0; at < text.length - 2; at++) {
      expect(() => piecesOf(text.subarray(0, at), 7)).toThrow(InvalidJson);
      const without = Buffer.concat([text.subarray(0, at), text.subarray(at + 1)]);
      const outcome = (parse: () => unknown) => {
        try {
          return parse();
        } catch {
          return "refused";
        }
      };
      const strict = () => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(without));
      expect([at, outcome(() => joined(piecesOf(without, 5)))]).toEqual([at, outcome(strict)]);
    }
  });

  test.each([
    "",
    " ",
    "null",
    "[]",
    "[1]",
    '"a"',
    "{} {}",
    "{},",
    "{,}",
    '{"pins":[,]}',
    '{"pins":[1,]}',
    '{"images":{"a":1,}}',
    '{"pins":[1}',
    '{"images":{]}',
    '{"pins":[]1}',
    '{"pins":[1]"a":2}',
    '{"a":1,}',
    '{"a"}',
    '{"pins":[}]',
    "{1:2}",
    '{"pins" [1]}',
  ])("%j is refused in pieces", (text) => {
    expect(() => piecesOf(text)).toThrow(InvalidJson);
  });

  test("JSON in pieces may have a byte order mark, and unusual members are read whole", () => {
    expect(piecesOf("\ufeff {} \n")).toEqual([]);
    expect(piecesOf('{"images":["a"],"pins":{"b":1}}')).toEqual([
      { of: "", value: { images: ["a"] } },
      { of: "", value: { pins: { b: 1 } } },
    ]);
    expect(piecesOf('{"p\\u0069ns":[],"images":{}}')).toEqual([
      { of: "pins", value: [] },
      { of: "images", value: {} },
    ]);
  });

  test("JSON in pieces comes in pieces of limited length with many members each, whatever the total length", () => {
    const images = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, at) => [`trips/${at}.jpg`, [`img=trips/${at}.jpg&q=60&w=800`]]),
    );
    const pins = Array.from({ length: 20_000 }, (_, at) => `${at}`.padStart(32, "0"));
    const text = JSON.stringify({ images, pins });
    const pieces = piecesOf(text);
    const sizes = pieces.map(({ value }) => JSON.stringify(value).length);
    expect(Math.max(...sizes)).toBeLessThan(PIECE_BYTES + 200);
    expect(pieces.length).toBeLessThan((2 * text.length) / PIECE_BYTES);
    expect(joined(pieces)).toEqual({ images, pins });
  });

  test("JSON in pieces is refused when one member exceeds the maximum length, before the whole member is here", () => {
    const splitter = new JsonSplitter(split);
    const chunk = Buffer.alloc(2 ** 20, "a");
    let chunks = 0;
    const push = () => {
      for (const _ of splitter.push(Buffer.from('{"images":{"a":["')));
      for (; chunks < 64; chunks++) for (const _ of splitter.push(chunk));
    };
    expect(push).toThrow(/more than 8388608 bytes/);
    expect(chunks * chunk.length).toBeLessThanOrEqual(MEMBER_BYTES);
  });
});
