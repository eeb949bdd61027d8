import { Failure } from "../failure.tsx";
import { useLatest } from "../hooks.ts";
import { nameOfWork, show } from "../shown.ts";
import type { PhotoRoute } from "../url/route.ts";
import { type Blind, begin, type Hand, PAIRS, pairOf, suggestion } from "./blind-test.ts";
import { Part } from "./part.tsx";

interface BlindProps {
  readonly route: PhotoRoute;
  readonly change: (part: Partial<PhotoRoute>) => void;
  readonly w: number;
}

/** Five pairs of the original and a variant: which one is the original? The answers suggest a quality. */
export function BlindTest({ route, change, w }: BlindProps) {
  const { blind } = route;
  const suggested = blind && suggestion(blind);
  return (
    <div class="blind">
      {blind === undefined && (
        <>
          <p class="hint">
            {PAIRS} times you see the original and a smaller file, side by side and unnamed. Say which is the
            original.
          </p>
          <button type="button" onClick={() => change({ blind: begin(Math.random) })}>
            Begin
          </button>
        </>
      )}
      {blind !== undefined && suggested === undefined && (
        <Sides
          key={blind.answers.length}
          route={route}
          w={w}
          blind={blind}
          answer={(hand) => change({ blind: { ...blind, answers: [...blind.answers, hand] } })}
        />
      )}
      {suggested !== undefined && (
        <p>
          <output>
            Suggested: <strong>q {suggested}</strong>, the lowest quality that you took for the original.{" "}
          </output>
          <button type="button" onClick={() => change({ q: suggested })}>
            Use it
          </button>{" "}
          <button type="button" class="quiet" onClick={() => change({ blind: undefined })}>
            Again
          </button>
        </p>
      )}
    </div>
  );
}

function Sides({
  route: { key: img, format: fm, x, y },
  w,
  blind,
  answer,
}: Omit<BlindProps, "change"> & { readonly blind: Blind; readonly answer: (hand: Hand) => void }) {
  const { q, originalIs } = pairOf(blind);
  const original = { img, variant: { q: 100, w, fm: "png" } } as const;
  const variant = { img, variant: { q, w, fm } };
  const first = useLatest(nameOfWork(original), (signal) => show(original, signal));
  const second = useLatest(nameOfWork(variant), (signal) => show(variant, signal));
  const error = first.error ?? second.error;
  const isReady = first.value !== undefined && second.value !== undefined;
  const sides = originalIs === "left" ? [first, second] : [second, first];
  if (error !== undefined) return <Failure error={error} />;
  return (
    <>
      <p class="hint">
        Pair {blind.answers.length + 1} of {PAIRS}: which is the original?
      </p>
      <div class="pair">
        {(["left", "right"] as const).map((hand, at) => (
          <button key={hand} type="button" disabled={!isReady} onClick={() => answer(hand)}>
            <Part url={isReady ? sides[at]?.value?.url : undefined} alt={`On the ${hand}`} x={x} y={y} />
            <span>{hand === "left" ? "Left" : "Right"}</span>
          </button>
        ))}
      </div>
    </>
  );
}
