import { useEffect, useRef, useState } from "preact/hooks";
import { Refused } from "../calls.ts";
import { type Shown, show } from "../shown.ts";
import { Turns } from "../turns.ts";
import { photoFormats } from "../url/route.ts";
import type { Listed } from "./listing.ts";

/** Encoders are for readers first; the thumbnails of a page come a few at a time. */
const queue = new Turns(2);

/** Every browser shows JPEG, and it is made in the shortest time. */
const format = photoFormats.at(-1) ?? "jpg";

/** A small picture of a photograph, or the reason why there is none. It is made when it comes into view. */
export function Thumbnail({ object: { key: photo, bytes, modified } }: { readonly object: Listed }) {
  const frame = useRef<HTMLSpanElement>(null);
  const [shown, setShown] = useState<Shown>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (frame.current === null) return;
    const leaving = new AbortController();
    const watch = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        watch.disconnect();
        const w = devicePixelRatio > 1.2 ? 560 : 320;
        const body = { img: photo, variant: { q: 55, w, fm: format } };
        show(body, leaving.signal, { queue, of: `${bytes} ${modified}` }).then(
          setShown,
          (failed) => leaving.signal.aborted || setError(failed),
        );
      },
      { rootMargin: "200px" },
    );
    watch.observe(frame.current);
    return () => {
      watch.disconnect();
      leaving.abort();
    };
  }, []);
  return (
    <span class="thumb" ref={frame} data-state={shown ? "ready" : error === undefined ? "waiting" : "failed"}>
      {shown !== undefined && <img src={shown.url} alt="" />}
      {error !== undefined && (
        <span class="reason">
          {error instanceof Error ? error.message : "It cannot be shown."}
          {error instanceof Refused && error.status >= 500 && ` ${error.remedy}`}
        </span>
      )}
    </span>
  );
}
