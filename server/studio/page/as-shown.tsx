import { useState } from "preact/hooks";
import { candidateFor, type Ladder, namedLadders, tiersFor } from "../../../contract/page/tiers.ts";
import { CopyBox } from "./copy-box.tsx";
import { useLatest } from "./hooks.ts";
import { photoFormats } from "./route.ts";
import { nameOfWork, show } from "./shown.ts";
import { sizesFor, slotOf } from "./snippets.ts";
import { bytesText, formatText } from "./words.ts";

interface AsShownProps {
  readonly photo: string;
  readonly q: number;
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

/** Which file each screen downloads, if the blog's column is this wide. */
export function AsShown({ photo, q, natural }: AsShownProps) {
  const [column, setColumn] = useState(700);
  const [name, setName] = useState("balanced");
  const [first, ...rest] = namedLadders[name] ?? [];
  if (first === undefined) return null;
  const ladder: Ladder = [first, ...rest];
  const tiers = tiersFor(ladder, { quality: q, ...(natural > 0 && { natural }) });
  return (
    <div class="as-shown">
      <div class="fields">
        <label>
          <span>Widest column of text, in pixels</span>
          <input
            type="number"
            min={200}
            max={3000}
            value={column}
            onChange={({ currentTarget: { valueAsNumber } }) => {
              if (valueAsNumber >= 200 && valueAsNumber <= 3000) setColumn(Math.round(valueAsNumber));
            }}
          />
        </label>
        <label>
          <span>Ladder</span>
          <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            {Object.keys(namedLadders).map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      </div>
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
          {screens.map(({ name, width, density }) => (
            <Row
              key={name}
              screen={name}
              photo={photo}
              q={q}
              w={candidateFor(tiers, slotOf(column, width) * density).width}
            />
          ))}
        </tbody>
      </table>
      <CopyBox
        label="Site configuration, in TOML"
        text={`[params.imgproxy]\nsizes = "${sizesFor(column)}"`}
      />
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
  const { value, isCurrent } = useLatest(nameOfWork(body), (signal) => show(body, signal));
  return (
    <tr>
      <th scope="row">{screen}</th>
      <td class="right">{w} px</td>
      <td class="right" data-current={isCurrent}>
        {value === undefined ? "…" : bytesText(value.bytes)}
      </td>
    </tr>
  );
}
