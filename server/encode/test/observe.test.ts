import { expect, test } from "vitest";
import { Problem } from "../../errors.ts";
import type { Encoded, Encoder } from "../encoder.ts";
import { observeEncoder } from "../observe.ts";
import { WorkerDied } from "../pool/worker-died.ts";

const made: Encoded = {
  contentType: "image/webp",
  body: new Uint8Array(1),
  width: 1,
  height: 1,
  effort: 2,
  substitute: false,
  ms: { queue: 1_000, encode: 250 },
};

test("outputs are counted by lane and format, and the queue time separately", async () => {
  const { counted } = await encodeWith(async function* () {
    yield made;
    yield { ...made, contentType: "image/avif" };
  });
  expect(counted).toEqual(["warm image/webp 0.25", "warm image/avif 0.25"]);
});

test.each([
  [new Problem("encode-failed", { cause: new WorkerDied("deadline", 1, "") }), ["deadline"]],
  [new Problem("encode-failed", { cause: new WorkerDied("crash", 1, "") }), ["crash"]],
  [new Problem("unreadable-source"), ["source"]],
  [new Problem("busy"), []],
  [new Error("a reader left"), []],
])("a job that ends with %s is counted as %j", async (error, causes) => {
  const { counted, thrown } = await encodeWith(failing(error));
  expect(counted).toEqual(causes);
  expect(thrown).toBe(error);
});

test("a job that fails after its reader left does not count as a failure", async () => {
  const { counted } = await encodeWith(failing(new Problem("unreadable-source")), AbortSignal.abort());
  expect(counted).toEqual([]);
});

function failing(error: Error): Encoder["encode"] {
  // biome-ignore lint/correctness/useYield: it fails before its first output.
  return async function* () {
    throw error;
  };
}

async function encodeWith(encode: Encoder["encode"], signal = new AbortController().signal) {
  const counted: string[] = [];
  const encoder = observeEncoder(
    {
      encode,
      describe: () => Promise.reject(new Error("not asked")),
      score: () => Promise.reject(new Error("not asked")),
      expect: () => () => undefined,
      isBusy: () => false,
    },
    {
      encoded: (lane, contentType, seconds) => counted.push(`${lane} ${contentType} ${seconds}`),
      encodeFailed: (cause) => counted.push(cause),
    },
  );
  try {
    for await (const _ of encoder.encode(new Uint8Array(), [], { lane: "warm", signal }));
    return { counted, thrown: undefined };
  } catch (thrown) {
    return { counted, thrown };
  }
}
