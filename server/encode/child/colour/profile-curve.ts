import type { Curve, Samples } from "./colour-space.ts";
import { tagsOf } from "./profile-tags.ts";

/**
 * How light the greys of a profile are: the curve of grey, or of green, which a grey picture has in all three (ICC.1:2022, §8.4).
 * @returns undefined for a profile of tables, or one that cannot be read.
 */
export function greyCurveIn(profile: Buffer): Curve | Samples | undefined {
  try {
    const tags = tagsOf(profile);
    const at = tags.has("A2B0") ? undefined : (tags.get("kTRC") ?? tags.get("gTRC"));
    return at === undefined ? undefined : curveAt(profile, at);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** curveType and parametricCurveType (§10.6, §10.18). */
function curveAt(profile: Buffer, at: number): Curve | Samples | undefined {
  const type = profile.toString("latin1", at, at + 4);
  if (type === "para") return parametricAt(profile, at);
  if (type !== "curv") return undefined;
  const count = profile.readUInt32BE(at + 8);
  if (count === 0) return curve([1, 1, 0, 0, 0, 0, 0]);
  if (count === 1) return curve([profile.readUInt16BE(at + 12) / 256, 1, 0, 0, 0, 0, 0]);
  if (at + 12 + 2 * count > profile.length) return undefined;
  const values = Array.from(
    { length: count },
    (_, index) => profile.readUInt16BE(at + 12 + 2 * index) / 65_535,
  );
  return { kind: "samples", values };
}

/** Each type of function, as the last one. */
function parametricAt(profile: Buffer, at: number): Curve | undefined {
  const value = (index: number) => profile.readInt32BE(at + 12 + 4 * index) / 65_536;
  const g = value(0);
  const kind = profile.readUInt16BE(at + 8);
  if (kind === 0) return curve([g, 1, 0, 0, 0, 0, 0]);
  const [a, b] = [value(1), value(2)];
  if (kind === 1) return curve([g, a, b, 0, -b / a, 0, 0]);
  const c = value(3);
  if (kind === 2) return curve([g, a, b, 0, -b / a, c, c]);
  const d = value(4);
  if (kind === 3) return curve([g, a, b, c, d, 0, 0]);
  return kind === 4 ? curve([g, a, b, c, d, value(5), value(6)]) : undefined;
}

function curve([g, a, b, c, d, e, f]: readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]): Curve {
  return { kind: "curve", g, a, b, c, d, e, f };
}
