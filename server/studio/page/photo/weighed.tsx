import { useEffect, useState } from "preact/hooks";
import { useLatest } from "../hooks.ts";
import { nameOfWork, show } from "../shown.ts";
import { type PhotoFormat, photoFormats } from "../url/route.ts";
import { bytesText, formatText } from "../words.ts";

interface WeighedProps {
  readonly photo: string;
  readonly q: number;
  readonly w: number;
}

/** The bytes of all formats in one sentence, for screen readers: said once a slider rests and all of them are known. */
export function Weighed({ photo, q, w }: WeighedProps) {
  const bodies = photoFormats.map((fm) => ({ img: photo, variant: { q, w, fm } }));
  const { value, isCurrent } = useLatest(nameOfWork({ img: photo, variant: { q, w } }), (signal) =>
    Promise.all(bodies.map(async (body) => [body.variant.fm, (await show(body, signal)).bytes] as const)),
  );
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (isCurrent && value !== undefined) setSaid(sentence(q, w, value));
  }, [isCurrent, value]);
  return <output class="visually-hidden weighed">{said}</output>;
}

function sentence(q: number, w: number, weights: readonly (readonly [PhotoFormat, number])[]): string {
  const bytes = weights.map(([format, bytes]) => `${formatText(format)} ${bytesText(bytes)}`);
  return `At quality ${q} and ${w} pixels: ${bytes.join(", ")}.`;
}
