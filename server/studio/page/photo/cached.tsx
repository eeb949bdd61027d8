import { useState } from "preact/hooks";
import { cached, purge } from "../api.ts";
import { Failure } from "../failure.tsx";
import { useLatest } from "../hooks.ts";
import { keepToken, tokenOf } from "../token.ts";
import type { PhotoRoute } from "../url/route.ts";
import { Opened } from "./opened.tsx";

interface CachedProps {
  readonly route: PhotoRoute;
  readonly change: (part: Partial<PhotoRoute>) => void;
}

/** The photograph's variants in the cache, and a way to delete them. Deleting always takes the token. */
export function Cached({ route, change }: CachedProps) {
  const { key: photo } = route;
  const [times, setTimes] = useState(0);
  const [said, setSaid] = useState("");
  const [error, setError] = useState<unknown>();
  const { value, error: failed } = useLatest(`${photo} ${times}`, (signal) => cached(photo, signal));
  const remove = async (): Promise<void> => {
    try {
      const purged = await purge(photo, AbortSignal.timeout(30_000));
      setSaid(`${purged} deleted. The next reader gets a new one.`);
      setError(undefined);
    } catch (refusal) {
      setError(refusal);
    }
    setTimes(times + 1);
  };
  const count = value?.variants.length ?? 0;
  return (
    <div class="cached">
      {failed !== undefined && <Failure error={failed} />}
      {value !== undefined && (
        <p class="hint">
          {count === 0
            ? "No variant of this photograph."
            : `${count} in the cache, ${value.variants.filter(({ isPublished }) => isPublished).length} of them published.`}
        </p>
      )}
      {count > 0 && (
        <Opened section="variants" route={route} change={change} title="Variants">
          {() => (
            <table class="points">
              <thead>
                <tr>
                  <th scope="col">Width</th>
                  <th scope="col">q</th>
                  <th scope="col">Format or readers</th>
                  <th scope="col">Published</th>
                </tr>
              </thead>
              <tbody>
                {value?.variants.map(({ width, quality, class: of, isPublished }) => (
                  <tr key={`${width} ${quality} ${of}`}>
                    <td>{width ?? "own"}</td>
                    <td>{quality}</td>
                    <td>{of}</td>
                    <td>{isPublished ? "yes" : ""}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Opened>
      )}
      {count > 0 && (
        <form
          class="fields"
          onSubmit={(event) => {
            event.preventDefault();
            const token = new FormData(event.currentTarget).get("token");
            if (typeof token === "string" && token !== "") keepToken(token);
            void remove();
          }}
        >
          {tokenOf() === null && (
            <label>
              <span>Token</span>
              <input type="password" name="token" autocomplete="off" required />
            </label>
          )}
          <button type="submit">Delete them</button>
        </form>
      )}
      {error !== undefined && <Failure error={error} />}
      <output class="hint">{said}</output>
    </div>
  );
}
