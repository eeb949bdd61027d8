import type { PhotoRoute } from "../url/route.ts";

/** A place of the photograph that is in view, in percent. */
export type Place = Pick<PhotoRoute, "x" | "y">;

/** The part of a picture that the stage has in view too, a pixel of the file on a pixel of the screen. */
export function Part({ url, alt, x, y }: Place & { readonly url: string | undefined; readonly alt: string }) {
  return (
    <span class="crop">
      {url !== undefined && (
        <img src={url} alt={alt} style={{ zoom: 1 / devicePixelRatio, objectPosition: `${x}% ${y}%` }} />
      )}
    </span>
  );
}
