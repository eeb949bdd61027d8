import type { Picture, Shown, ShownPictures } from "./shown.ts";

/** A page that would not show what it showed before. */
export interface Loss {
  /** The built file. */
  readonly page: string;
  /** Pictures that it loses, or shows in another order. */
  readonly pictures: readonly Picture[];
}

/**
 * The differences that a reader would see: each page must show the same pictures in the same order, and name them in the same ways. More
 * is allowed, such as a larger version behind a link.
 */
export function losses(before: Shown, after: Shown): Loss[] {
  return [...before.pages].flatMap(([page, pictures]) => {
    const lost = lostPictures(pictures, after.pages.get(page));
    return lost.size === 0 ? [] : [{ page, pictures: [...lost] }];
  });
}

function lostPictures(before: ShownPictures, after: ShownPictures | undefined): ReadonlySet<Picture> {
  const lost = new Set(outOfOrder(before.images, after?.images ?? []));
  for (const [way, pictures] of before.named) {
    const now = after?.named.get(way);
    for (const picture of pictures) if (now?.has(picture) !== true) lost.add(picture);
  }
  const known = new Set([...before.named.values()].flatMap((pictures) => [...pictures]));
  const shown = [...(after?.named.values() ?? [])].flatMap((pictures) => [...pictures]);
  // An image that no object and no file is: it may be the new name of one of the page's pictures.
  const isBroken = shown.some((picture) => /^(?:absent|key) /.test(picture) && !known.has(picture));
  if (isBroken && lost.size === 0) for (const picture of known) lost.add(picture);
  return lost;
}

/** The pictures of the first list that do not follow one another in the second. */
function outOfOrder(before: readonly Picture[], after: readonly Picture[]): Picture[] {
  let at = 0;
  return before.filter((picture) => {
    const found = after.indexOf(picture, at);
    if (found !== -1) at = found + 1;
    return found === -1;
  });
}
