import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { FrameReader } from "../../encode/child/frames.ts";
import { describeSvg } from "../../encode/svg.ts";
import { clientAddress } from "../../http/client-address.ts";
import { createS3Source } from "../../source/remote/s3.ts";
import { Steps } from "../byte-reader.ts";
import { readSize } from "../dimensions.ts";
import { SNIFF_BYTES, sniff } from "../sniff.ts";

// A parser of outside data blocks all other requests while it runs. Its steps are counted, because times depend on the machine.

/** Bytes that a parser searches for, each many times in a row, so that a loop that reads them twice is noticed. */
const runs = (...pieces: readonly string[]): fc.Arbitrary<Buffer> =>
  fc
    .array(fc.tuple(fc.constantFrom(...pieces), fc.integer({ min: 1, max: 2_000 })), { maxLength: 8 })
    .map((parts) => Buffer.from(parts.map(([piece, count]) => piece.repeat(count)).join(""), "latin1"));

/** @returns the number of steps of `parse`, without a limit. */
function stepsOf(parse: (steps: Steps) => unknown): number {
  const steps = new Steps(Number.POSITIVE_INFINITY);
  parse(steps);
  return steps.taken;
}

const xmlPieces = [
  ..."<!doctype |<!DOCTYPE svg |<!doctype html|<!--|-->|<?|?>|<svg |<a:svg|<![CDATA[|xml".split("|"),
  ...["[", "]", ">", "<", " ", "\n", "=", '"', "'", ' width="1"', "width=", "\xef\xbb\xbf", "\0", "\xff"],
];

describe("one pass is enough", () => {
  test("64 KB of white space in a document type are read in one pass, and each byte is counted", () => {
    for (const bytes of ["<!doctype ", "<!DOCTYPE svg [", "<!doctype a ]"].map((start) =>
      start.padEnd(SNIFF_BYTES),
    ))
      for (const parse of [sniff, describeSvg]) {
        const taken = stepsOf((steps) => parse(Buffer.from(bytes), steps));
        expect(taken).toBeGreaterThan(SNIFF_BYTES);
        expect(taken).toBeLessThan(5 * SNIFF_BYTES);
      }
  });

  test("one pass is enough to recognise text", () => {
    fc.assert(
      fc.property(runs(...xmlPieces), (bytes) => {
        const head = bytes.subarray(0, SNIFF_BYTES);
        expect(stepsOf((steps) => sniff(bytes, steps))).toBeLessThanOrEqual(10 * head.length + 400);
        expect(() => sniff(bytes)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });

  test("one pass is enough to find the size of an SVG", () => {
    fc.assert(
      fc.property(runs(...xmlPieces), (bytes) => {
        const head = Math.min(bytes.length, 65_536);
        expect(stepsOf((steps) => describeSvg(bytes, steps))).toBeLessThanOrEqual(10 * head + 400);
        expect(() => describeSvg(bytes)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });

  test("one pass is enough to assemble frames", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.integer({ min: 1, max: 50 }), (bytes, piece) => {
        let [frames, spaces] = [0, 0];
        const reader = new FrameReader(() => frames++);
        const space = reader.space.bind(reader);
        reader.space = () => {
          spaces++;
          return space();
        };
        try {
          for (let at = 0; at < bytes.length; at += piece) reader.feed(bytes.subarray(at, at + piece));
        } catch {
          // Not a frame.
        }
        expect(frames).toBeLessThanOrEqual(bytes.length / 9);
        expect(spaces).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

describe("the limit on steps", () => {
  const box = (type: string, content: Buffer, size = content.length + 8): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(size);
    head.write(type, 4, "latin1");
    return Buffer.concat([head, content]);
  };
  const ispe = (width: number, height: number): Buffer => {
    const content = Buffer.alloc(12);
    content.writeUInt32BE(width, 4);
    content.writeUInt32BE(height, 8);
    return box("ispe", content);
  };
  const avif = (properties: Buffer): Buffer =>
    Buffer.concat([
      box("ftyp", Buffer.from("avif\0\0\0\0mif1miaf", "latin1")),
      box("meta", Buffer.concat([Buffer.alloc(4), box("iprp", box("ipco", properties))])),
    ]);
  const MIB = 2 ** 20;

  test.each<[string, string, Buffer]>([
    ["boxes that tell a size", "image/avif", avif(Buffer.alloc(4 * MIB, ispe(1, 1)))],
    ["empty boxes", "image/avif", Buffer.alloc(4 * MIB, box("free", Buffer.alloc(0)))],
    ["fill bytes", "image/jpeg", Buffer.alloc(4 * MIB, 0xff)],
    [
      "segments",
      "image/jpeg",
      Buffer.concat([Buffer.from("ffd8", "hex"), Buffer.alloc(4 * MIB, "ffe00002", "hex")]),
    ],
  ])("the search for a size in megabytes of %s ends at a limit of steps", (_, type, bytes) => {
    const steps = new Steps(65_536);
    expect(readSize(type, bytes, steps)).toBeUndefined();
    expect(readSize(type, bytes)).toBeUndefined();
    expect(steps.taken).toBeLessThan(66_000);
    // Without the limit, each byte would be read.
    expect(stepsOf((all) => readSize(type, bytes, all))).toBeGreaterThan(500_000);
  });

  test("the limit of steps leaves room for every box of a real image", () => {
    const tiles = Buffer.concat([ispe(512, 512), ispe(6000, 4000), box("colr", Buffer.alloc(3_000))]);
    expect(readSize("image/avif", avif(Buffer.concat(Array(500).fill(tiles))))).toEqual({
      width: 6000,
      height: 4000,
    });
  });

  test("a size is read from sizes in 64 bits and from a box that continues to the end", () => {
    const large = Buffer.alloc(16);
    large.writeUInt32BE(1);
    large.write("free", 4, "latin1");
    large.writeUInt32BE(16 + 5, 12);
    const whole = avif(ispe(30, 20));
    const open = Buffer.from(whole);
    open.writeUInt32BE(0, open.indexOf("meta") - 4);
    for (const bytes of [Buffer.concat([large, Buffer.alloc(5), whole]), open])
      expect(readSize("image/avif", bytes)).toEqual({ width: 30, height: 20 });
  });

  test("any boxes and segments, and a header that is cut anywhere, stay within the limit of steps", () => {
    const pieces = ["\0\0\0\x01", "\0\0\0\0", "\0\0\0\x08free", "\xff", "\xff\xe0\0\x02", "\xff\xc0\0\x11"];
    fc.assert(
      fc.property(runs(...pieces, avif(ispe(3, 2)).toString("latin1"), "metaiprpipcoispe"), (bytes) => {
        for (const type of ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"]) {
          const steps = new Steps(65_536);
          readSize(type, bytes, steps);
          expect(steps.taken).toBeLessThanOrEqual(66_000);
        }
      }),
    );
  });
});

test("of thousands of trusted proxies in a header few are looked up, and a long name is cut", () => {
  let looked = 0;
  const trusted = new BlockList();
  trusted.addSubnet("10.0.0.0", 8, "ipv4");
  const check = trusted.check.bind(trusted);
  trusted.check = (address: never, family?: never) => {
    looked++;
    return check(address, family);
  };
  expect(clientAddress("10.0.0.1", Array(1_500).fill("10.0.0.2").join(","), trusted)).toBe("10.0.0.2");
  expect(looked).toBeLessThanOrEqual(16);
  expect(clientAddress("10.0.0.1", "x".repeat(16_000), trusted)).toHaveLength(45);
});

describe("an error of S3", () => {
  async function sourceThatAnswers(answer: (response: ServerResponse) => void) {
    const server = createServer((_, response) => answer(response)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return createS3Source({
      bucket: "b",
      prefix: "",
      region: "us-east-1",
      forcePathStyle: true,
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    });
  }

  test("an S3 answer that is not a photograph is read up to the length that S3 sends, whatever arrives", async () => {
    let sent = 0;
    const piece = "<!DOCTYPE a>".repeat(5_000);
    const source = await sourceThatAnswers((response) => {
      response.writeHead(500, { "content-type": "application/xml" });
      const more = (): void => {
        do sent += piece.length;
        while (response.write(piece));
      };
      response.on("drain", more);
      more();
    });
    const asked = source.open("a.jpg", new AbortController().signal);
    await expect(asked).rejects.toMatchObject({ code: "source-failed" });
    expect(sent).toBeLessThan(64 * 2 ** 20);
    const listed = source.list({ folder: "", deep: false, most: 10 }, new AbortController().signal);
    await expect(listed).rejects.toThrow();
  });

  test("an ordinary S3 error keeps its status and its code", async () => {
    const answers = [
      [404, `<Error><Code>NoSuchKey</Code><Message>${"x".repeat(10_000)}</Message></Error>`, "source-absent"],
      [503, `<html>${"x".repeat(100_000)}`, "source-busy"],
    ] as const;
    for (const [status, body, code] of answers) {
      const source = await sourceThatAnswers((response) => response.writeHead(status).end(body));
      await expect(source.open("a.jpg", new AbortController().signal)).rejects.toMatchObject({ code });
    }
  });
});
