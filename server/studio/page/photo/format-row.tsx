import { useLatest } from "../hooks.ts";
import { nameOfWork, scoreOf, show } from "../shown.ts";
import type { PhotoFormat } from "../url/route.ts";
import { bytesText, formatText, scoreText } from "../words.ts";

interface FormatRowProps {
  readonly photo: string;
  readonly format: PhotoFormat;
  readonly q: number;
  readonly w: number;
  /** Whether the stage shows this format. */
  readonly isShown: boolean;
  readonly choose: () => void;
}

/** What a format weighs at this quality and width, and how it looks. The score follows the bytes. */
export function FormatRow({ photo, format, q, w, isShown, choose }: FormatRowProps) {
  const body = { img: photo, variant: { q, w, fm: format } };
  const name = nameOfWork(body);
  const made = useLatest(name, (signal) => show(body, signal));
  const isMade = made.isCurrent && made.value !== undefined;
  const scored = useLatest(isMade ? name : undefined, (signal) => scoreOf(body, signal));
  const score = scored.value;
  const reason = made.error ?? scored.error;
  return (
    <tr data-shown={isShown}>
      <th scope="row">
        <label>
          <input type="radio" name="format" value={format} checked={isShown} onChange={choose} />{" "}
          {formatText(format)}
        </label>
      </th>
      <td class="right number" data-current={made.isCurrent}>
        {made.error !== undefined ? "–" : made.value === undefined ? "…" : bytesText(made.value.bytes)}
      </td>
      <td class="right number" data-current={scored.isCurrent}>
        {reason !== undefined ? "–" : score === undefined ? "…" : score.toFixed(1)}
      </td>
      <td data-current={scored.isCurrent}>
        {reason instanceof Error ? reason.message : score === undefined ? "" : scoreText(score)}
      </td>
    </tr>
  );
}
