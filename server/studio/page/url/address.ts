import { useEffect, useRef, useState } from "preact/hooks";
import { formatRoute, parseRoute, type Route } from "./route.ts";

/** Safari refuses more than a hundred changes of its address bar in 30 seconds, and a slider makes more: these are eighty. */
const AT_ONCE = 20;
const NEXT_MS = 500;

/** Changes the current route; it must be one of the same place. */
export type Update = (change: (now: Route) => Route) => void;

/** The page's URL as state. A change replaces the entry of the history: one step back leaves the folder or the photograph. */
export function useRoute(): readonly [Route, Update] {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  const current = useRef(route);
  const writer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const [writes] = useState({ spare: AT_ONCE, at: performance.now() });

  const write = (): void => {
    clearTimeout(writer.current);
    writer.current = undefined;
    writes.spare -= 1;
    history.replaceState(undefined, "", formatRoute(current.current));
  };
  const writeIfDue = (): void => {
    if (writer.current !== undefined) write();
  };
  useEffect(() => {
    const changed = (): void => {
      clearTimeout(writer.current);
      writer.current = undefined;
      current.current = parseRoute(location.hash);
      setRoute(current.current);
    };
    addEventListener("hashchange", changed);
    // Before a link is followed: its page must come back as it was left.
    addEventListener("click", writeIfDue, true);
    addEventListener("pagehide", writeIfDue);
    return () => {
      removeEventListener("hashchange", changed);
      removeEventListener("click", writeIfDue, true);
      removeEventListener("pagehide", writeIfDue);
    };
  }, []);
  const update: Update = (change) => {
    const next = change(current.current);
    if (next === current.current) return;
    current.current = next;
    setRoute(next);
    const now = performance.now();
    writes.spare = Math.min(AT_ONCE, writes.spare + (now - writes.at) / NEXT_MS);
    writes.at = now;
    if (writes.spare >= 1) write();
    else writer.current ??= setTimeout(write, NEXT_MS);
  };
  return [route, update];
}
