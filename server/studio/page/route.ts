import { askedFormats, type Format } from "../../../contract/formats.ts";
import { MAX_QUALITY, MAX_WIDTH } from "../../../contract/url/request.ts";

/** Formats that a photograph is published in: PNG is for graphics, and here for pictures without loss. */
export type PhotoFormat = Exclude<Format, "png">;

export const photoFormats: readonly PhotoFormat[] = askedFormats.filter(
  (format): format is PhotoFormat => format !== "png",
);

export type SortOrder = (typeof sortOrders)[number];
export const sortOrders = ["name", "newest", "largest"] as const;

export interface FolderRoute {
  readonly kind: "folder";
  /** Empty, or a folder's name with its slash. */
  readonly folder: string;
  readonly find: string;
  readonly sort: SortOrder;
  /** Selected keys, in the order in which they were selected. */
  readonly picks: readonly string[];
}

export interface PhotoRoute {
  readonly kind: "photo";
  readonly key: string;
  readonly q: number;
  readonly w: number;
  readonly format: PhotoFormat;
  /** What the stage shows. */
  readonly show: Side;
  /** `fit`: the whole picture; `pixels`: a pixel of the file is a pixel of the screen. */
  readonly zoom: Zoom;
  /** Place of the divider, in percent. */
  readonly divider: number;
}

export type Side = (typeof sides)[number];
export const sides = ["split", "original", "variant"] as const;

export type Zoom = (typeof zooms)[number];
export const zooms = ["fit", "pixels"] as const;

/** The state of the page: its URL has all of it, so that each view can be reloaded, shared and gone back to. */
export type Route = FolderRoute | PhotoRoute | ServerRoute;

export interface ServerRoute {
  readonly kind: "server";
}

/** No key of a photograph begins with a slash. */
export const serverHash = "#//server";

export const photoDefaults = {
  kind: "photo",
  q: 60,
  w: 1200,
  format: photoFormats[0] ?? "jpg",
  show: "split",
  zoom: "fit",
  divider: 50,
} as const satisfies Omit<PhotoRoute, "key">;

/** @param hash `#/trips/` for a folder, `#/trips/alps.jpg?q=60` for a photograph. */
export function parseRoute(hash: string): Route {
  if (hash === serverHash) return { kind: "server" };
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const key = path.split("/").map(decoded).join("/");
  const values = new URLSearchParams(query);
  if (key === "" || key.endsWith("/"))
    return {
      kind: "folder",
      folder: key,
      find: values.get("find") ?? "",
      sort: oneOf(sortOrders, values.get("sort"), "name"),
      picks: values.getAll("pick"),
    };
  return {
    kind: "photo",
    key,
    q: whole(values.get("q"), MAX_QUALITY, photoDefaults.q),
    w: whole(values.get("w"), MAX_WIDTH, photoDefaults.w),
    format: oneOf(photoFormats, values.get("format"), photoDefaults.format),
    show: oneOf(sides, values.get("show"), photoDefaults.show),
    zoom: oneOf(zooms, values.get("zoom"), photoDefaults.zoom),
    divider: whole(values.get("divider"), 100, photoDefaults.divider),
  };
}

export function formatRoute(route: Route): string {
  const values = new URLSearchParams();
  if (route.kind === "server") return serverHash;
  if (route.kind === "folder") {
    if (route.find !== "") values.set("find", route.find);
    if (route.sort !== "name") values.set("sort", route.sort);
    for (const key of route.picks) values.append("pick", key);
    return hashOf(route.folder, values);
  }
  for (const name of ["q", "w", "format", "show", "zoom", "divider"] as const)
    if (route[name] !== photoDefaults[name]) values.set(name, String(route[name]));
  return hashOf(route.key, values);
}

export function folderHash(folder: string): string {
  return formatRoute({ kind: "folder", folder, find: "", sort: "name", picks: [] });
}

export function photoHash(key: string): string {
  return formatRoute({ ...photoDefaults, key });
}

// --- parts ---

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

function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  value: string | null,
  fallback: Choice,
): Choice {
  return choices.find((choice) => choice === value) ?? fallback;
}

function whole(text: string | null, most: number, fallback: number): number {
  const value = Number(text ?? Number.NaN);
  return Number.isInteger(value) && value >= 0 && value <= most ? Math.max(1, value) : fallback;
}
