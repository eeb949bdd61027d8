import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Place } from "./part.tsx";

interface Wanted extends Place {
  /** Of what is scrolled, in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * Keeps an element scrolled to a place, and tells where a person has scrolled it to.
 * @returns what is called after each scroll.
 */
export function useScrolledTo(
  element: RefObject<HTMLElement | null>,
  { x, y, width, height }: Wanted,
  change: (place: Partial<Place>) => void,
): () => void {
  /** The place as it was last told or wanted. */
  const known = useRef({ x: -1, y: -1, width, height, left: 0, top: 0 });
  useLayoutEffect(() => {
    const frame = element.current;
    const { x: knownX, y: knownY, width: ofWidth, height: ofHeight } = known.current;
    // What a person scrolls has moved on since it was told.
    if (frame === null || (knownX === x && knownY === y && ofWidth === width && ofHeight === height)) return;
    const [wide, high] = rangeOf(frame);
    frame.scrollTo((x / 100) * wide, (y / 100) * high);
    // A browser rounds to its pixels.
    known.current = { x, y, width, height, left: frame.scrollLeft, top: frame.scrollTop };
  }, [x, y, width, height]);
  return () => {
    const frame = element.current;
    if (frame === null) return;
    const { scrollLeft: left, scrollTop: top } = frame;
    if (left === known.current.left && top === known.current.top) return;
    const [wide, high] = rangeOf(frame);
    const place = { x: wide > 0 ? shareOf(left, wide) : x, y: high > 0 ? shareOf(top, high) : y };
    known.current = { ...place, width, height, left, top };
    if (place.x !== x || place.y !== y) change(place);
  };
}

/** How far it can be scrolled. */
function rangeOf({ scrollWidth, clientWidth, scrollHeight, clientHeight }: HTMLElement): [number, number] {
  return [scrollWidth - clientWidth, scrollHeight - clientHeight];
}

/** In percent, with one decimal. */
function shareOf(scrolled: number, range: number): number {
  return Math.min(100, Math.max(0, Math.round((scrolled / range) * 1000) / 10));
}
