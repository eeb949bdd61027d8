import {
  isBounded,
  type MetaField,
  metaFields,
  metaLimits,
  type PhotoMeta,
  parseMeta,
} from "../../../../contract/meta.ts";
import type { MetadataBlocks } from "./blocks.ts";
import { dateTaken } from "./date.ts";
import { readLocation } from "./location.ts";
import type { Tags } from "./read-tags.ts";
import { readRegions } from "./regions.ts";
import { cleaned } from "./text.ts";
import {
  exifNumber,
  exifText,
  iptcTexts,
  tagValue,
  userComment,
  windowsText,
  xmpNumber,
  xmpText,
  xmpTexts,
} from "./values.ts";

/** Which of an original's metadata are read. */
export interface MetaOptions {
  /** Only these fields; location only if it is named. */
  readonly fields: readonly MetaField[];
}

/**
 * The metadata of a photograph. Blocks that are damaged, or built to be expensive, give no fields.
 */
export async function readMeta(blocks: MetadataBlocks, { fields }: MetaOptions): Promise<PhotoMeta> {
  if (fields.length === 0 || !(blocks.exif || blocks.xmp || blocks.iptc)) return {};
  // The libraries are loaded by the first job that needs them: most children make variants, and a reader waits for those.
  const { readTags } = await import("./read-tags.ts");
  const tags = readTags(blocks, fields.includes("location"));
  let meta: PhotoMeta = {};
  for (const field of metaFields) {
    if (!fields.includes(field)) continue;
    const value: unknown = readers[field](tags, blocks);
    // A value that is not valid for its field is left out.
    const one = value === undefined ? undefined : parseMeta({ [field]: value });
    if (one !== undefined && isBounded({ ...meta, ...one })) meta = { ...meta, ...one };
  }
  return meta;
}

type Readers = {
  readonly [Field in MetaField]: (tags: Tags, blocks: MetadataBlocks) => PhotoMeta[Field] | undefined;
};

/**
 * The places where each field is searched; the first value wins. Texts about the picture come from XMP first, which has languages
 * and no old encodings, and from EXIF last, where cameras write their own name. The owner comes from EXIF first (MWG
 * Guidelines for Handling Image Metadata 2.0, §5.3).
 */
const readers: Readers = {
  title: ({ exif, xmp, iptc }) =>
    ofPerson(
      xmpText(xmp, "title"),
      iptcText(iptc, "Object Name"),
      xmpText(xmp, "Headline"),
      iptcText(iptc, "Headline"),
      windowsText(exif, "XPTitle"),
    ),
  description: ({ exif, xmp, iptc }) =>
    ofPerson(
      xmpText(xmp, "description"),
      iptcText(iptc, "Caption/Abstract"),
      exifText(exif, "ImageDescription"),
      userComment(exif),
      windowsText(exif, "XPComment"),
    ),
  alt: ({ xmp }) => text(xmpText(xmp, "AltTextAccessibility")),
  keywords: ({ exif, xmp, iptc }) =>
    words(xmpTexts(xmp, "subject"), iptcTexts(iptc, "Keywords"), windowsText(exif, "XPKeywords")?.split(";")),
  creator: ({ exif, xmp, iptc }) =>
    text(
      exifText(exif, "Artist"),
      xmpText(xmp, "creator"),
      iptcText(iptc, "By-line"),
      windowsText(exif, "XPAuthor"),
    ),
  credit: ({ xmp, iptc }) => text(xmpText(xmp, "Credit"), iptcText(iptc, "Credit")),
  copyright: ({ exif, xmp, iptc }) =>
    text(exifText(exif, "Copyright"), xmpText(xmp, "rights"), iptcText(iptc, "Copyright Notice")),
  licence: ({ xmp }) => address(xmpText(xmp, "license"), xmpText(xmp, "WebStatement")),
  licensor: ({ xmp }) => address(...licensors(xmp)),
  camera: ({ exif, xmp }) =>
    cameraOf(
      text(exifText(exif, "Make"), xmpText(xmp, "Make")),
      text(exifText(exif, "Model"), xmpText(xmp, "Model")),
    ),
  lens: ({ exif, xmp }) => text(exifText(exif, "LensModel"), xmpText(xmp, "LensModel"), xmpText(xmp, "Lens")),
  focal: ({ exif, xmp }) => positive(exifNumber(exif, "FocalLength") ?? xmpNumber(xmp, "FocalLength")),
  aperture: ({ exif, xmp }) => positive(exifNumber(exif, "FNumber") ?? xmpNumber(xmp, "FNumber")),
  exposure: ({ exif, xmp }) => exposureOf(exifNumber(exif, "ExposureTime") ?? xmpNumber(xmp, "ExposureTime")),
  iso: ({ exif, xmp }) =>
    exifNumber(exif, "ISOSpeedRatings") ??
    xmpNumber(xmp, "ISOSpeedRatings") ??
    xmpNumber(xmp, "PhotographicSensitivity"),
  date: dateTaken,
  regions: ({ xmp }, blocks) => readRegions(xmp, blocks),
  location: readLocation,
};

// --- texts ---

/** The first text that is not empty. */
function text(...places: readonly (string | undefined)[]): string | undefined {
  for (const place of places) {
    const line = cleaned(place);
    if (line !== undefined) return line;
  }
  return undefined;
}

/** The first text that no camera or program has written by itself. */
function ofPerson(...places: readonly (string | undefined)[]): string | undefined {
  return text(...places.filter((place) => !ofProgram.test(cleaned(place) ?? "")));
}

/** What cameras and programs put where a description belongs. Editors copy it to IPTC and XMP. */
const ofProgram =
  /^(?:OLYMPUS DIGITAL CAMERA|SONY DSC|(?:KONICA )?MINOLTA DIGITAL CAMERA|KODAK (?:Digital Still Camera|DC\d+ .*)|SAMSUNG(?: CAMERA PICTURES| DIGITAL CAMERA)?|RICOH DIGITAL CAMERA|CASIO COMPUTER CO.*|(?:HP )?Digital ?(?:Still)? ?Camera|DIGITAL CAMERA|DCIM|Exif_JPEG_(?:PICTURE|\d+)|<?Digimax .*>?|LEAD Technologies Inc\..*|CREATOR: gd-jpeg .*|Created (?:with|by) (?:The )?GIMP|Processed (?:with|By) .*|File written by Adobe Photoshop.*|default|ASCII|null|cof|sdr|hdr|hdrpl|rhdr|mde|ptr|oznor|dav|nor|fptbty|fbt|bty|bsh|ufp|qrf)$/i;

function iptcText(iptc: unknown, name: string): string | undefined {
  return iptcTexts(iptc, name)[0];
}

/** Each word once. */
function words(...places: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  for (const place of places) {
    const found = new Set((place ?? []).flatMap((word) => cleaned(word) ?? []));
    if (found.size > 0) return [...found].slice(0, metaLimits.keywords);
  }
  return undefined;
}

/** The addresses of PLUS's licensors (PLUS LDF 1.2.1, "Licensor"). */
function licensors(xmp: unknown): readonly (string | undefined)[] {
  const list = tagValue(xmp, "Licensor");
  return (Array.isArray(list) ? list : [list]).map((one) => xmpText(one, "LicensorURL"));
}

/** The first web address: other values are a licence's name, or a script. */
function address(...places: readonly (string | undefined)[]): string | undefined {
  return places.map(cleaned).find((place) => parseMeta({ licence: place }) !== undefined);
}

// --- the camera ---

/** `NIKON CORPORATION` and `NIKON D850` are one name. */
function cameraOf(make: string | undefined, model: string | undefined): string | undefined {
  const [brand = ""] = make?.split(" ") ?? [];
  if (make === undefined || model === undefined) return model ?? make;
  return model.toLowerCase().startsWith(brand.toLowerCase()) ? model : cleaned(`${make} ${model}`);
}

function positive(number: number | undefined): number | undefined {
  return number !== undefined && number > 0 ? Math.round(number * 10) / 10 : undefined;
}

/** From a third of a second on as a number, otherwise as a fraction. */
function exposureOf(seconds: number | undefined): string | undefined {
  if (seconds === undefined || seconds <= 0) return undefined;
  return seconds < 0.3 ? `1/${Math.round(1 / seconds)}` : String(Math.round(seconds * 10) / 10);
}
