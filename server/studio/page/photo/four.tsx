import { useLatest } from "../hooks.ts";
import { nameOfWork, show } from "../shown.ts";
import type { PhotoFormat } from "../url/route.ts";
import { bytesText } from "../words.ts";
import { Part, type Place } from "./part.tsx";

interface FourProps extends Place {
  readonly photo: string;
  readonly format: PhotoFormat;
  readonly q: number;
  readonly w: number;
  readonly choose: (q: number) => void;
}

/** One crop at four qualities around the chosen one. */
export function Four({ q, ...rest }: FourProps) {
  const lowest = Math.min(70, Math.max(1, q - 20));
  return (
    <>
      <p class="hint">To see another part, show the picture above at 1:1 and move it.</p>
      <ul class="four">
        {[0, 10, 20, 30].map((more) => (
          <Crop key={more} {...rest} q={lowest + more} isChosen={lowest + more === q} />
        ))}
      </ul>
    </>
  );
}

function Crop({ photo, format, q, w, x, y, isChosen, choose }: FourProps & { readonly isChosen: boolean }) {
  const body = { img: photo, variant: { q, w, fm: format } };
  const { value, error } = useLatest(nameOfWork(body), (signal) => show(body, signal));
  return (
    <li>
      <button type="button" aria-pressed={isChosen} onClick={() => choose(q)}>
        <Part url={value?.url} alt="" x={x} y={y} />
        <span>
          q {q}
          {value !== undefined && `, ${bytesText(value.bytes)}`}
          {error instanceof Error && `: ${error.message}`}
        </span>
      </button>
    </li>
  );
}
