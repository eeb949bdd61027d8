import { useEffect, useState } from "preact/hooks";
import { type Ladder, middleTier, type Tier } from "../../../../contract/page/tiers.ts";
import type { SiteWeight, WeightsAnswer } from "../../../../contract/studio.ts";
import { weights } from "../api.ts";
import { Failure } from "../failure.tsx";
import { useLatest } from "../hooks.ts";
import { show } from "../shown.ts";
import { photoFormats } from "../url/route.ts";
import { bytesText, formatText } from "../words.ts";
import { blogWeight } from "./blog-weight.ts";

interface BlogChangeProps {
  /** The ladder's name. */
  readonly name: string;
  readonly before: readonly Tier[];
  readonly after: readonly Tier[];
}

/** What a current browser loads. */
const format = photoFormats[0] ?? "jpg";

/** The blog's total bytes before and after, by what it has published. */
export function BlogChange(props: BlogChangeProps) {
  const [answer, setAnswer] = useState<WeightsAnswer>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const leaving = new AbortController();
    weights(leaving.signal).then(setAnswer, (failed) => leaving.signal.aborted || setError(failed));
    return () => leaving.abort();
  }, []);
  if (error !== undefined) return <Failure error={error} />;
  if (answer === undefined) return <p class="hint">Adding up the blog</p>;
  if (answer.sites.length === 0)
    return <p class="hint">No blog has published to this server yet, so its total is not known.</p>;
  return (
    <>
      {answer.sites.map((site) => (
        <Site key={site.site} {...props} weight={site} />
      ))}
    </>
  );
}

function Site({ weight, name, before, after }: BlogChangeProps & { readonly weight: SiteWeight }) {
  const { site, images, measured, rungs, sample } = weight;
  const tries = [before, after].map(middleOf);
  const isSame = JSON.stringify(tries[0]) === JSON.stringify(tries[1]);
  const { value, error, isCurrent } = useLatest(
    measured === 0 || isSame ? undefined : JSON.stringify([sample, tries]),
    async (signal) => {
      const [old = 0, now = 0] = await Promise.all(tries.map((tier) => bytesWith(sample, tier, signal)));
      return old === 0 ? 1 : now / old;
    },
  );
  if (measured === 0)
    return (
      <p class="hint">
        {site}: none of {photographs(images)} has all its variants in the cache, so the total is not known.
      </p>
    );
  if (error !== undefined) return <Failure error={error} />;
  const ratio = isSame ? 1 : value;
  const total = blogWeight(rungs, before, ratio ?? 1);
  return (
    <p class="hint blog-change" data-current={isSame || isCurrent}>
      {site}, as {formatText(format)}, all widths together: {bytesText(total.before)} before,{" "}
      {ratio === undefined ? "…" : `about ${bytesText(total.after)}`} after.{" "}
      {measured < images
        ? `Of ${photographs(images)} ${measured} ${measured === 1 ? "is" : "are"} measured: `
        : `${photographs(images)}: `}
      {measured < images && "the others are not all in the cache. "}
      {total.moved === 0
        ? `None of them has the qualities of ${name}: choose the ladder of that site.`
        : `The change is estimated from ${sample.length} of them; qualities that posts set themselves stay.`}
    </p>
  );
}

function photographs(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "photograph" : "photographs"}`;
}

/** The tier on which a change is tried: the share of bytes that it saves is about the same at each width. */
function middleOf([first, ...rest]: readonly Tier[]): Tier | undefined {
  if (first === undefined) return undefined;
  const ladder: Ladder = [first, ...rest];
  return middleTier(ladder);
}

async function bytesWith(
  keys: readonly string[],
  tier: Tier | undefined,
  signal: AbortSignal,
): Promise<number> {
  if (tier === undefined) return 0;
  const variant = { q: tier.quality, w: tier.width, fm: format };
  const shown = await Promise.all(keys.map((img) => show({ img, variant }, signal)));
  return shown.reduce((sum, { bytes }) => sum + bytes, 0);
}
