import { useState } from "preact/hooks";
import { answered, type Blind, begin, PAIRS, suggestion } from "./blind-test.ts";
import { useLatest } from "./hooks.ts";
import type { PhotoFormat } from "./route.ts";
import { nameOfWork, show } from "./shown.ts";

interface BlindProps {
  readonly photo: string;
  readonly format: PhotoFormat;
  readonly w: number;
  readonly choose: (q: number) => void;
}

/** Five pairs of the original and a variant: which one is the original? The answers suggest a quality. */
export function BlindTest(props: BlindProps) {
  const [blind, setBlind] = useState<Blind>();
  const suggested = blind && suggestion(blind);
  return (
    <div class="blind">
      {blind === undefined && (
        <>
          <p class="hint">
            {PAIRS} times you see the original and a smaller file, side by side and unnamed. Say which is the
            original.
          </p>
          <button type="button" onClick={() => setBlind(begin(Math.random))}>
            Begin
          </button>
        </>
      )}
      {blind !== undefined && suggested === undefined && (
        <Pair
          key={blind.answers.length}
          blind={blind}
          answer={(side) => setBlind(answered(blind, side, Math.random))}
          {...props}
        />
      )}
      {suggested !== undefined && (
        <p>
          <output>
            Suggested: <strong>q {suggested}</strong>, the lowest quality that you took for the original.{" "}
          </output>
          <button type="button" onClick={() => props.choose(suggested)}>
            Use it
          </button>{" "}
          <button type="button" class="quiet" onClick={() => setBlind(undefined)}>
            Again
          </button>
        </p>
      )}
    </div>
  );
}

function Pair({
  blind,
  photo,
  format,
  w,
  answer,
}: BlindProps & { readonly blind: Blind; readonly answer: (side: "left" | "right") => void }) {
  const original = { img: photo, variant: { q: 100, w, fm: "png" } } as const;
  const variant = { img: photo, variant: { q: blind.q, w, fm: format } };
  const first = useLatest(nameOfWork(original), (signal) => show(original, signal));
  const second = useLatest(nameOfWork(variant), (signal) => show(variant, signal));
  const isReady = first.value !== undefined && second.value !== undefined;
  const sides = blind.originalIs === "left" ? [first, second] : [second, first];
  return (
    <>
      <p class="hint">
        Pair {blind.answers.length + 1} of {PAIRS}: which is the original?
      </p>
      <div class="pair">
        {(["left", "right"] as const).map((side, at) => (
          <button key={side} type="button" disabled={!isReady} onClick={() => answer(side)}>
            <span class="crop">
              {isReady && (
                <img
                  src={sides[at]?.value?.url}
                  alt={`On the ${side}`}
                  style={{ zoom: 1 / devicePixelRatio }}
                />
              )}
            </span>
            <span>{side === "left" ? "Left" : "Right"}</span>
          </button>
        ))}
      </div>
    </>
  );
}
