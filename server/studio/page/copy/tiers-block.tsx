import { type Ladder, namedLadders, type Tier, tiersFor } from "../../../../contract/page/tiers.ts";
import { Failure } from "../failure.tsx";
import { useLatest } from "../hooks.ts";
import { show } from "../shown.ts";
import { type PhotoRoute, photoFormats } from "../url/route.ts";
import { bytesText, formatText } from "../words.ts";
import { BlogChange } from "./blog-change.tsx";
import { CopyBox } from "./copy-box.tsx";
import { LadderChoice } from "./ladder-choice.tsx";
import { ladderThrough, tiersOf } from "./snippets.ts";

export interface TiersProps {
  readonly route: PhotoRoute;
  readonly change: (part: Partial<PhotoRoute>) => void;
  readonly w: number;
  /** Pixels of the photograph; 0: as many as wanted. */
  readonly natural: number;
}

/** The site's ladder with this quality at this width, and what it changes. */
export function Tiers({ route, change, w, natural }: TiersProps) {
  const { key, q, ladder: name } = route;
  const usual = namedLadders[name] ?? [];
  const ladder = ladderThrough(usual, { width: w, quality: q });
  return (
    <>
      <div class="fields">
        <LadderChoice ladder={name} choose={(ladder) => change({ ladder })} />
        <p class="hint">
          The widths of <code>{name}</code>, with q {q} at {w} pixels, for every photograph of the site.
        </p>
      </div>
      <Change photo={key} before={usual} after={ladder} natural={natural} />
      <BlogChange name={name} before={usual} after={ladder} />
      <CopyBox label="Site configuration, in TOML" text={tiersOf(ladder)} />
    </>
  );
}

interface ChangeProps extends Pick<TiersProps, "natural"> {
  readonly photo: string;
  readonly before: readonly Tier[];
  readonly after: readonly Tier[];
}

/** What a current browser loads. */
const format = photoFormats[0] ?? "jpg";

/** What this photograph weighs with each ladder. */
function Change({ photo, before, after, natural }: ChangeProps) {
  const ladders = [before, after].map((ladder) => cut(ladder, natural));
  const { value, error, isCurrent } = useLatest(JSON.stringify([photo, ladders]), (signal) =>
    Promise.all(ladders.map((ladder) => weight(photo, ladder, signal))),
  );
  if (error !== undefined) return <Failure error={error} />;
  const [old = 0, now = 0] = value ?? [];
  return (
    <p class="hint" data-current={isCurrent}>
      This photograph as {formatText(format)}, all widths together:{" "}
      {value === undefined ? "…" : `${bytesText(old)} before, ${bytesText(now)} after.`}
    </p>
  );
}

function cut([first, ...rest]: readonly Tier[], natural: number): readonly Tier[] {
  if (first === undefined) return [];
  const ladder: Ladder = [first, ...rest];
  return tiersFor(ladder, natural > 0 ? { natural } : {});
}

async function weight(photo: string, ladder: readonly Tier[], signal: AbortSignal): Promise<number> {
  const shown = await Promise.all(
    ladder.map(({ width: w, quality: q }) => show({ img: photo, variant: { q, w, fm: format } }, signal)),
  );
  return shown.reduce((sum, { bytes }) => sum + bytes, 0);
}
