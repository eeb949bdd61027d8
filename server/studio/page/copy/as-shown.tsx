import { slotWidth } from "../../../../contract/page/slot-width.ts";
import { candidateFor, type Ladder, namedLadders, tiersFor } from "../../../../contract/page/tiers.ts";
import { useLatest } from "../hooks.ts";
import { nameOfWork, show } from "../shown.ts";
import { longest, type PhotoRoute, photoFormats } from "../url/route.ts";
import { bytesText, formatText } from "../words.ts";
import { CopyBox } from "./copy-box.tsx";
import { LadderChoice } from "./ladder-choice.tsx";
import { sizesIn, sizesLineOf } from "./snippets.ts";

interface AsShownProps {
  readonly route: PhotoRoute;
  readonly change: (part: Partial<PhotoRoute>) => void;
  /** Pixels of the photograph. */
  readonly natural: number;
}

/** Windows that blogs are read in, with device pixels for each CSS pixel. */
const screens = [
  { name: "Phone, 390 pixels at 3×", width: 390, density: 3 },
  { name: "Laptop, 1440 pixels at 1×", width: 1440, density: 1 },
  { name: "Laptop, 1440 pixels at 2×", width: 1440, density: 2 },
] as const;

/** What a current browser loads. */
const format = photoFormats[0] ?? "jpg";

/** Which file each screen downloads, if the blog shows it in this column, or with these `sizes`. */
export function AsShown({ route, change, natural }: AsShownProps) {
  const { key, q, column: text } = route;
  const [first, ...rest] = namedLadders[route.ladder] ?? [];
  if (first === undefined) return null;
  const ladder: Ladder = [first, ...rest];
  const sizes = sizesIn(text);
  const slots = screens.map(({ width }) => slotWidth(sizes, width));
  const isKnown = text.trim() !== "" && !slots.includes(undefined);
  const tiers = tiersFor(ladder, { quality: q, ...(natural > 0 && { natural }) });
  return (
    <div class="as-shown">
      <div class="fields">
        <label class="wide">
          <span>Widest column of text, in pixels, or your site’s sizes</span>
          <input
            type="text"
            value={text}
            spellcheck={false}
            maxLength={longest.column}
            aria-invalid={!isKnown}
            onInput={({ currentTarget }) => change({ column: currentTarget.value })}
          />
        </label>
        <LadderChoice ladder={route.ladder} choose={(ladder) => change({ ladder })} />
      </div>
      {isKnown ? (
        <>
          <table class="points">
            <thead>
              <tr>
                <th scope="col">Screen</th>
                <th scope="col" class="right">
                  Downloads
                </th>
                <th scope="col" class="right">
                  {formatText(format)}
                </th>
              </tr>
            </thead>
            <tbody>
              {screens.map(({ name, density }, at) => (
                <Row
                  key={name}
                  screen={name}
                  photo={key}
                  q={q}
                  w={candidateFor(tiers, (slots[at] ?? 0) * density).width}
                />
              ))}
            </tbody>
          </table>
          <CopyBox label="Site configuration, in TOML" text={sizesLineOf(sizes)} />
        </>
      ) : (
        <p class="hint">
          Write a width such as 700, or sizes such as <code>(min-width: 761px) 700px, 92vw</code>. Lengths in
          px, vw, em and rem and conditions on the width can be computed here. The HTML of a picture of your
          blog, or the line of its configuration, also works.
        </p>
      )}
    </div>
  );
}

function Row({
  screen,
  photo,
  q,
  w,
}: {
  readonly screen: string;
  readonly photo: string;
  readonly q: number;
  readonly w: number;
}) {
  const body = { img: photo, variant: { q, w, fm: format } };
  const { value, error, isCurrent } = useLatest(nameOfWork(body), (signal) => show(body, signal));
  return (
    <tr>
      <th scope="row">{screen}</th>
      <td class="right">{w} px</td>
      <td class="right" data-current={isCurrent}>
        {error instanceof Error ? error.message : value === undefined ? "…" : bytesText(value.bytes)}
      </td>
    </tr>
  );
}
