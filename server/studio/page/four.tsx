import { useLatest } from "./hooks.ts";
import type { PhotoFormat } from "./route.ts";
import { nameOfWork, show } from "./shown.ts";
import { bytesText } from "./words.ts";

interface FourProps {
  readonly photo: string;
  readonly format: PhotoFormat;
  readonly q: number;
  readonly w: number;
  readonly choose: (q: number) => void;
}

/** One crop at four qualities around the chosen one, a pixel of the file on a pixel of the screen. */
export function Four({ q, ...rest }: FourProps) {
  const lowest = Math.min(70, Math.max(1, q - 20));
  return (
    <ul class="four">
      {[0, 10, 20, 30].map((more) => (
        <Crop key={more} {...rest} q={lowest + more} isChosen={lowest + more === q} />
      ))}
    </ul>
  );
}

function Crop({ photo, format, q, w, isChosen, choose }: FourProps & { readonly isChosen: boolean }) {
  const body = { img: photo, variant: { q, w, fm: format } };
  const { value } = useLatest(nameOfWork(body), (signal) => show(body, signal));
  return (
    <li>
      <button type="button" aria-pressed={isChosen} onClick={() => choose(q)}>
        <span class="crop">
          {value !== undefined && <img src={value.url} alt="" style={{ zoom: 1 / devicePixelRatio }} />}
        </span>
        <span>
          q {q}
          {value !== undefined && `, ${bytesText(value.bytes)}`}
        </span>
      </button>
    </li>
  );
}
