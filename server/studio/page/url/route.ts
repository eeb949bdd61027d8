import { askedFormats, type Format } from "../../../../contract/formats.ts";
import { namedLadders } from "../../../../contract/page/tiers.ts";
import params from "../../../../contract/params.json" with { type: "json" };
import { MAX_QUALITY, MAX_WIDTH } from "../../../../contract/url/request.ts";
import { type Blind, blindIn, blindText } from "../photo/blind-test.ts";
import {
  type Field,
  flag,
  number,
  oneOf,
  readState,
  type StateOf,
  several,
  single,
  text,
  writeState,
} from "./url-state.ts";

/** The state of the page: its URL has all of it, so that each view can be reloaded, shared and gone back to. */
export type Route = FolderRoute | PhotoRoute | ServerRoute;

export interface FolderRoute extends StateOf<typeof folderFields> {
  readonly kind: "folder";
  /** Empty, or a folder's name with its slash. */
  readonly folder: string;
}

export interface PhotoRoute extends StateOf<typeof photoFields> {
  readonly kind: "photo";
  readonly key: string;
}

export interface ServerRoute {
  readonly kind: "server";
}

// --- a folder ---

export type SortOrder = (typeof sortOrders)[number];
export const sortOrders = ["name", "newest", "largest"] as const;

/** Photographs that are in the document at once; more on request. */
export const STEP = 120;

const MOST_PICKS = 500;
const LONGEST_KEY = 1024;

/** Maximum lengths of the page's texts. */
export const longest = { find: 200, alt: 1_000, column: 4_000 } as const;

const folderFields = {
  find: text(longest.find),
  sort: oneOf(sortOrders, "name"),
  /** Number of photographs in the document. */
  most: number(STEP, 999_960, STEP),
  /** Whether the whole folder is read without a search. */
  whole: flag(),
  /** Selected keys, in the order in which they were selected. */
  pick: several((key): key is string => key !== "" && key.length <= LONGEST_KEY, MOST_PICKS),
};

// --- a photograph ---

/** Formats that a photograph is published in: PNG is for graphics, and here for pictures without loss. */
export type PhotoFormat = Exclude<Format, "png">;

export const photoFormats: readonly PhotoFormat[] = askedFormats.filter(
  (format): format is PhotoFormat => format !== "png",
);

export type Side = (typeof sides)[number];
export const sides = ["split", "original", "variant"] as const;

export type Zoom = (typeof zooms)[number];
export const zooms = ["fit", "pixels"] as const;

export type CopyKind = (typeof copyKinds)[number];
export const copyKinds = ["markdown", "shortcode", "cover", "tiers"] as const;

/** Parts of the page that can be opened. */
export type Section = (typeof sections)[number];
export const sections = ["shown", "four", "blind", "chart", "cached", "variants"] as const;

/** Undefined: no test has begun. */
const blindField: Field<Blind | undefined> = single({
  initial: undefined,
  read: blindIn,
  write: (blind) => (blind === undefined ? "" : blindText(blind)),
});

export const photoFields = {
  q: number(1, MAX_QUALITY, 60),
  w: number(1, MAX_WIDTH, 1200),
  format: oneOf(photoFormats, photoFormats[0] ?? "jpg"),
  /** What the stage shows. */
  show: oneOf(sides, "split"),
  /** `fit`: the whole picture; `pixels`: a pixel of the file is a pixel of the screen. */
  zoom: oneOf(zooms, "fit"),
  /** Place of the divider, in percent. */
  divider: number(1, 99, 50),
  /** The part in view of a picture that is larger than its place, in percent, as CSS's `object-position` has it. */
  x: number(0, 100, 50, 0.1),
  y: number(0, 100, 50, 0.1),
  copy: oneOf(copyKinds, "markdown"),
  alt: text(longest.alt),
  /** Whether the photograph is only decoration, and has no alt text. */
  decorative: flag(),
  /** Whether the copied line leaves the quality to the site's tiers. */
  tiered: flag(),
  /** The theme's parameter for a cover. */
  cover: oneOf(params.frontmatter, params.frontmatter[0] ?? "image"),
  /** The site's ladder. */
  ladder: oneOf(Object.keys(namedLadders), "balanced"),
  /** Width of the blog's column, or what `sizes` are found in. */
  column: text(longest.column, "700"),
  open: several((name): name is Section => sections.some((one) => one === name), sections.length),
  blind: blindField,
};

// --- URLs ---

/** No key of a photograph begins with a slash. */
export const serverHash = "#//server";

/** @param hash `#/trips/` for a folder, `#/trips/alps.jpg?q=60` for a photograph. */
export function parseRoute(hash: string): Route {
  if (hash === serverHash) return { kind: "server" };
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const key = path.split("/").map(decoded).join("/");
  const values = new URLSearchParams(query);
  if (key === "" || key.endsWith("/"))
    return { kind: "folder", folder: key, ...readState(folderFields, values) };
  return { kind: "photo", key, ...readState(photoFields, values) };
}

export function formatRoute(route: Route): string {
  if (route.kind === "server") return serverHash;
  if (route.kind === "folder") return hashOf(route.folder, writeState(folderFields, route));
  return hashOf(route.key, writeState(photoFields, route));
}

export function folderHash(folder: string): string {
  return hashOf(folder, new URLSearchParams());
}

export function photoHash(key: string): string {
  return hashOf(key, new URLSearchParams());
}

function hashOf(key: string, values: URLSearchParams): string {
  const path = key.split("/").map(encodeURIComponent).join("/");
  const query = values.toString();
  return `#/${path}${query === "" ? "" : `?${query}`}`;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
