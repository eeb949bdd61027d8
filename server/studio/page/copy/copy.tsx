import params from "../../../../contract/params.json" with { type: "json" };
import { type CopyKind, copyKinds, longest } from "../url/route.ts";
import { CopyBox } from "./copy-box.tsx";
import { coverOf, markdownOf, shortcodeOf } from "./snippets.ts";
import { Tiers, type TiersProps } from "./tiers-block.tsx";

const kindTexts: Readonly<Record<CopyKind, string>> = {
  markdown: "Markdown",
  shortcode: "Shortcode",
  cover: "Cover",
  tiers: "Tiers",
};

/** The lines to paste. */
export function Copy(props: TiersProps) {
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
function WithAlt({ route, change }: Pick<TiersProps, "route" | "change">) {
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
function Cover({ route: { key, cover }, change }: Pick<TiersProps, "route" | "change">) {
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
