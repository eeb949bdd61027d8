import { ByteReader, Steps } from "../../formats/byte-reader.ts";
import { readColourTag } from "../../formats/colour/colour-tag.ts";
import { boxesAt, type HeaderSize, readSize } from "../../formats/dimensions.ts";
import { readSequence } from "../../formats/sequence.ts";
import { meaningOf } from "../child/colour/colour-space.ts";
import { readJpegLayout } from "./jpeg-layout.ts";
import { mostOf, type Retagging, retaggingFor, retaggingOfProfile } from "./retagging.ts";

/** The facts in an original's header that decide the memory of its decoder. */
export interface Layout {
  /** Media type, from sniff.ts. */
  readonly type: string;
  /** Pixels as they are stored, before EXIF turns them. */
  readonly width: number;
  readonly height: number;
  /** Channels of a decoded pixel: a palette becomes colours, and a transparent colour becomes a channel. */
  readonly channels: number;
  /** Stored numbers for each pixel: fewer than its channels if JPEG has colour at half the rows or columns. */
  readonly samples: number;
  /** Bytes of a channel: 1, or 2 for 10, 12 and 16 bits. */
  readonly depth: 1 | 2;
  /** Whether the decoder must keep all of it before the first row: interlaced, progressive or in several scans. */
  readonly whole: boolean;
  readonly frames: number;
  /** Whether EXIF may rotate it, which needs the pixels of the output once more. */
  readonly turned: boolean;
  readonly retagged: Retagging;
  /** Whether its colours are multiplied by its alpha channel: then all pixels are copied to divide them. */
  readonly premultiplied: boolean;
}

/** Segments, chunks or boxes, and entries of EXIF's directory. They block the event loop for some milliseconds at most. */
const MOST_STEPS = 262_144;

/**
 * @param bytes the whole original, or enough of it ({@link hasHeader}).
 * @param steps counts the cost.
 * @returns undefined if the header cannot be read. Never throws.
 */
export function readLayout(
  type: string,
  bytes: Uint8Array,
  steps = new Steps(MOST_STEPS),
): Layout | undefined {
  const size = readSize(type, bytes);
  const read = readers[type];
  if (size === undefined || read === undefined) return undefined;
  try {
    const frames = readSequence(type, bytes, steps)?.frames ?? 1;
    const layout = { ...plain, frames, ...read(new ByteReader(bytes, steps), size) };
    return { type, ...size, ...layout, ...coloursOf(type, bytes, layout, steps) };
  } catch {
    // It ends early, or was built to cost too much.
    return undefined;
  }
}

/**
 * Whether the start of a file tells {@link readLayout} the same as all of it. Only of a JPEG this is known: its header ends where
 * its first scan begins.
 */
export function hasHeader(type: string, head: Uint8Array): boolean {
  return type === "image/jpeg" && readLayout(type, head) !== undefined;
}

/** A profile in the file is not looked at: it may be one that does not count. */
function coloursOf(
  type: string,
  bytes: Uint8Array,
  { retagged: own }: Pick<Layout, "retagged">,
  steps: Steps,
): Pick<Layout, "retagged" | "premultiplied"> {
  const tag = readColourTag(type, bytes, steps);
  const meaning = meaningOf(type, tag, "none");
  const isStored = meaning === "srgb" || meaning === "profile";
  // A grey AVIF with a profile may get another one.
  const grey = tag.grey === undefined ? "no" : "profile";
  const retagged = mostOf([own, retaggingFor(isStored ? undefined : meaning), grey]);
  return { retagged, premultiplied: tag.premultiplied === true };
}

// --- formats ---

const plain = { channels: 3, samples: 3, depth: 1, whole: false, turned: false, retagged: "no" } as const;

type Read = (bytes: ByteReader, size: HeaderSize) => Partial<Layout>;

const readers: Readonly<Record<string, Read>> = {
  "image/jpeg": readJpegLayout,
  "image/png": readPng,
  "image/webp": readWebp,
  "image/avif": readAvif,
  // Frames are decoded one after the other into one canvas, so their number does not matter.
  "image/gif": () => ({ channels: 4 }),
};

/** Chunks before the pixels: PNG (third edition) §11. */
function readPng(bytes: ByteReader): Partial<Layout> {
  const colours = CHANNELS_OF_PNG[bytes.uint8(25)] ?? 4;
  const depth = bytes.uint8(24) > 8 ? 2 : 1;
  const whole = bytes.uint8(28) !== 0;
  let isTransparent = false;
  let turned = false;
  let hasProfile = false;
  for (let at = 8; !bytes.startsWith("IDAT", at + 4); at += 12 + bytes.uint32(at)) {
    isTransparent ||= bytes.startsWith("tRNS", at + 4);
    turned ||= bytes.startsWith("eXIf", at + 4);
    hasProfile ||= bytes.startsWith("iCCP", at + 4);
  }
  const channels = isTransparent ? colours + 1 : colours;
  // It may be one that libpng does not take.
  return { channels, depth, whole, turned, retagged: hasProfile ? "profile" : "no" };
}

/** By colour type; a palette is decoded to red, green and blue. */
const CHANNELS_OF_PNG: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/** RFC 9649 §2.7. Lossless images are always decoded in four channels. */
function readWebp(bytes: ByteReader): Partial<Layout> {
  if (!bytes.startsWith("VP8X", 12)) return bytes.startsWith("VP8L", 12) ? { channels: 4, whole: true } : {};
  const flags = bytes.uint8(20);
  let frames = 0;
  let isLossless = false;
  const profiles: Retagging[] = [];
  for (let at = 12; at + 8 <= bytes.length; ) {
    if (bytes.startsWith("ANMF", at)) frames++;
    if (bytes.startsWith("ICCP", at)) profiles.push(retaggingOfProfile(bytes, at + 8));
    isLossless ||= bytes.startsWith("VP8L", at);
    const size = bytes.uint32(at + 4, "little");
    at += 8 + size + (size % 2);
  }
  return {
    channels: isLossless || (flags & HAS_ALPHA) !== 0 ? 4 : 3,
    whole: isLossless,
    frames: Math.max(1, frames),
    // EXIF does not turn an animation.
    turned: frames < 2 && (flags & HAS_EXIF) !== 0,
    retagged: mostOf(profiles),
  };
}

const HAS_ALPHA = 0x10;
const HAS_EXIF = 0x08;

/** AV1 in ISO base media files §2.3: the second byte behind the marker says whether there are more than 8 bits. */
function readAvif(bytes: ByteReader): Partial<Layout> {
  const properties = (type: string) =>
    boxesAt(bytes, ["meta", "iprp", "ipco", type], { start: 0, end: bytes.length });
  let depth: 1 | 2 = 1;
  for (const { start } of properties("av1C")) if ((bytes.uint8(start + 2) & HIGH_BIT_DEPTH) !== 0) depth = 2;
  const [rotation] = properties("irot");
  const retagged = mostOf([...properties("colr")].map(({ start }) => retaggingOfProfile(bytes, start + 4)));
  return { channels: 4, depth, whole: true, turned: rotation !== undefined, retagged };
}

const HIGH_BIT_DEPTH = 0x40;
