import { type Ladder, namedLadders, type Tier, tiersFor } from "../../../contract/page/tiers.ts";
import params from "../../../contract/params.json" with { type: "json" };
import { CopyBox } from "./copy-box.tsx";
import { Failure } from "./failure.tsx";
import { useLatest } from "./hooks.ts";
import { LadderChoice } from "./ladder-choice.tsx";
import { type CopyKind, copyKinds, longest, type PhotoRoute, photoFormats } from "./route.ts";
import { show } from "./shown.ts";
import { coverOf, ladderThrough, markdownOf, shortcodeOf, tiersOf } from "./snippets.ts";
import { bytesText, formatText } from "./words.ts";

const kindTexts: Readonly<Record<CopyKind, string>> = {
  markdown: "Markdown",
  shortcode: "Shortcode",
  cover: "Cover",
  tiers: "Tiers",
};

interface CopyProps {
  readonly route: PhotoRoute;
  readonly change: (part: Partial<PhotoRoute>) => void;
  readonly w: number;
  /** Pixels of the photograph; 0: as many as wanted. */
  readonly natural: number;
}

/** The lines to paste. */
export function Copy(props: CopyProps) {
  const { route, change } = props;
  return (
    <section class="copy" aria-labelledby="copy">
      <h3 id="copy">Copy</h3>
      <fieldset class="choice">
        <legend class="visually-hidden">What to copy</legend>
        {copyKinds.map((one) => (
          <label key={one}>
            <input
              type="radio"
              name="kind"
              checked={one === route.copy}
              onChange={() => change({ copy: one })}
            />
            <span>{kindTexts[one]}</span>
          </label>
        ))}
      </fieldset>
      {(route.copy === "markdown" || route.copy === "shortcode") && <WithAlt {...props} />}
      {route.copy === "cover" && <Cover {...props} />}
      {route.copy === "tiers" && <Tiers {...props} />}
    </section>
  );
}

/** A line without alt text is not offered: nobody adds it later. */
function WithAlt({ route, change }: Pick<CopyProps, "route" | "change">) {
  const { key, q, copy, decorative, tiered } = route;
  const alt = decorative ? undefined : route.alt.trim();
  const choice = { key, alt, ...(!tiered && { q }) };
  return (
    <>
      <div class="fields">
        <label class="wide">
          <span>Alt text: what a reader who cannot see the photograph should know</span>
          <input
            type="text"
            value={route.alt}
            maxLength={longest.alt}
            disabled={decorative}
            onInput={({ currentTarget }) => change({ alt: currentTarget.value })}
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={decorative}
            onChange={({ currentTarget }) => change({ decorative: currentTarget.checked })}
          />{" "}
          Only decoration
        </label>
        <label>
          <input
            type="checkbox"
            checked={!tiered}
            onChange={({ currentTarget }) => change({ tiered: !currentTarget.checked })}
          />{" "}
          With q {q} (without: the site’s tiers)
        </label>
      </div>
      {alt === "" ? (
        <p class="hint">Write the alt text first.</p>
      ) : (
        <CopyBox
          label={kindTexts[copy]}
          text={copy === "shortcode" ? shortcodeOf(choice) : markdownOf(choice)}
        />
      )}
    </>
  );
}

/** Themes have different names for it; these are the ones that the scan and the templates read. */
function Cover({ route: { key, cover }, change }: Pick<CopyProps, "route" | "change">) {
  return (
    <>
      <div class="fields">
        <label>
          <span>Your theme’s parameter</span>
          <select value={cover} onChange={({ currentTarget }) => change({ cover: currentTarget.value })}>
            {params.frontmatter.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      </div>
      <CopyBox label="Front matter, in YAML" text={coverOf(key, cover)} />
    </>
  );
}

function Tiers({ route, change, w, natural }: CopyProps) {
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
      <CopyBox label="Site configuration, in TOML" text={tiersOf(ladder)} />
    </>
  );
}

interface ChangeProps extends Pick<CopyProps, "natural"> {
  readonly photo: string;
  readonly before: readonly Tier[];
  readonly after: readonly Tier[];
}

/** What a current browser loads. */
const format = photoFormats[0] ?? "jpg";

/** What this photograph weighs with each ladder: the blog's total would take an encode of all its photographs. */
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
      {value === undefined ? "…" : `${bytesText(old)} before, ${bytesText(now)} after`}.
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
