import { useState } from "preact/hooks";
import { namedLadders } from "../../../contract/page/tiers.ts";
import params from "../../../contract/params.json" with { type: "json" };
import { CopyBox } from "./copy-box.tsx";
import { coverOf, ladderThrough, markdownOf, shortcodeOf, tiersOf } from "./snippets.ts";

const kinds = ["Markdown", "Shortcode", "Cover", "Tiers"] as const;
type Kind = (typeof kinds)[number];

/** The lines to paste. */
export function Copy({ photo, q, w }: { readonly photo: string; readonly q: number; readonly w: number }) {
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
      {kind === "Tiers" && <Tiers q={q} w={w} />}
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

function Tiers({ q, w }: { readonly q: number; readonly w: number }) {
  const [name, setName] = useState("balanced");
  const ladder = ladderThrough(namedLadders[name] ?? [], { width: w, quality: q });
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
      <CopyBox label="Site configuration, in TOML" text={tiersOf(ladder)} />
    </>
  );
}
