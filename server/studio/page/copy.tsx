import { useState } from "preact/hooks";
import { type Ladder, namedLadders, type Tier, tiersFor } from "../../../contract/page/tiers.ts";
import params from "../../../contract/params.json" with { type: "json" };
import { CopyBox } from "./copy-box.tsx";
import { Failure } from "./failure.tsx";
import { useLatest } from "./hooks.ts";
import { photoFormats } from "./route.ts";
import { show } from "./shown.ts";
import { coverOf, ladderThrough, markdownOf, shortcodeOf, tiersOf } from "./snippets.ts";
import { bytesText, formatText } from "./words.ts";

const kinds = ["Markdown", "Shortcode", "Cover", "Tiers"] as const;
type Kind = (typeof kinds)[number];

interface CopyProps {
  readonly photo: string;
  readonly q: number;
  readonly w: number;
  /** Pixels of the photograph; 0: as many as wanted. */
  readonly natural: number;
}

/** The lines to paste. */
export function Copy({ photo, q, w, natural }: CopyProps) {
  const [kind, setKind] = useState<Kind>("Markdown");
  const needsAlt = kind === "Markdown" || kind === "Shortcode";
  return (
    <section class="copy" aria-labelledby="copy">
      <h3 id="copy">Copy</h3>
      <fieldset class="choice">
        <legend class="visually-hidden">What to copy</legend>
        {kinds.map((one) => (
          <label key={one}>
            <input type="radio" name="kind" checked={one === kind} onChange={() => setKind(one)} />
            <span>{one}</span>
          </label>
        ))}
      </fieldset>
      {needsAlt && <WithAlt key={photo} photo={photo} q={q} isShortcode={kind === "Shortcode"} />}
      {kind === "Cover" && <Cover photo={photo} />}
      {kind === "Tiers" && <Tiers photo={photo} q={q} w={w} natural={natural} />}
    </section>
  );
}

/** A line without alt text is not offered: nobody adds it later. */
function WithAlt({
  photo,
  q,
  isShortcode,
}: {
  readonly photo: string;
  readonly q: number;
  readonly isShortcode: boolean;
}) {
  const [text, setText] = useState("");
  const [isDecorative, setDecorative] = useState(false);
  const [hasOwnQuality, setOwnQuality] = useState(true);
  const alt = isDecorative ? undefined : text.trim();
  const choice = { key: photo, alt, ...(hasOwnQuality && { q }) };
  return (
    <>
      <div class="fields">
        <label class="wide">
          <span>Alt text: what a reader who cannot see the photograph should know</span>
          <input
            type="text"
            value={text}
            disabled={isDecorative}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={isDecorative}
            onChange={({ currentTarget }) => setDecorative(currentTarget.checked)}
          />{" "}
          Only decoration
        </label>
        <label>
          <input
            type="checkbox"
            checked={hasOwnQuality}
            onChange={({ currentTarget }) => setOwnQuality(currentTarget.checked)}
          />{" "}
          With q {q} (without: the site’s tiers)
        </label>
      </div>
      {alt === "" ? (
        <p class="hint">Write the alt text first.</p>
      ) : (
        <CopyBox
          label={isShortcode ? "Shortcode" : "Markdown"}
          text={isShortcode ? shortcodeOf(choice) : markdownOf(choice)}
        />
      )}
    </>
  );
}

/** Themes have different names for it; these are the ones that the scan and the templates read. */
function Cover({ photo }: { readonly photo: string }) {
  const [parameter, setParameter] = useState("image");
  return (
    <>
      <div class="fields">
        <label>
          <span>Your theme’s parameter</span>
          <select value={parameter} onChange={({ currentTarget }) => setParameter(currentTarget.value)}>
            {params.frontmatter.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      </div>
      <CopyBox label="Front matter, in YAML" text={coverOf(photo, parameter)} />
    </>
  );
}

function Tiers({ photo, q, w, natural }: CopyProps) {
  const [name, setName] = useState("balanced");
  const usual = namedLadders[name] ?? [];
  const ladder = ladderThrough(usual, { width: w, quality: q });
  return (
    <>
      <div class="fields">
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
        <p class="hint">
          The widths of <code>{name}</code>, with q {q} at {w} pixels, for every photograph of the site.
        </p>
      </div>
      <Change photo={photo} before={usual} after={ladder} natural={natural} />
      <CopyBox label="Site configuration, in TOML" text={tiersOf(ladder)} />
    </>
  );
}

interface ChangeProps extends Pick<CopyProps, "photo" | "natural"> {
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
