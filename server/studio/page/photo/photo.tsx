import type { ImageInfo } from "../../../../contract/info.ts";
import { MAX_WIDTH } from "../../../../contract/url/request.ts";
import { describe } from "../api.ts";
import { AsShown } from "../copy/as-shown.tsx";
import { Copy } from "../copy/copy.tsx";
import { Failure } from "../failure.tsx";
import { useLatest } from "../hooks.ts";
import { learnVersion, nameOfWork, replaced, show } from "../shown.ts";
import { useStore } from "../store.ts";
import { type PhotoRoute, photoFormats } from "../url/route.ts";
import { bytesText, formatText, nameOf } from "../words.ts";
import { BlindTest } from "./blind.tsx";
import { Cached } from "./cached.tsx";
import { Chart } from "./chart.tsx";
import { Compare } from "./compare.tsx";
import { FormatRow } from "./format-row.tsx";
import { Four } from "./four.tsx";
import { Opened } from "./opened.tsx";
import { Slider } from "./slider.tsx";
import { Weighed } from "./weighed.tsx";

interface PhotoProps {
  readonly route: PhotoRoute;
  readonly change: (part: Partial<PhotoRoute>) => void;
}

/** One photograph: what a quality looks like, and what it weighs. */
export function Photo({ route, change }: PhotoProps) {
  const { key } = route;
  const times = useStore(replaced).get(key) ?? 0;
  const { value: info, error } = useLatest(`${key} ${times}`, async (signal) => {
    const info = await describe(key, signal);
    learnVersion(key, info.version);
    return info;
  });
  return (
    <article class="photo">
      <h2>{nameOf(key)}</h2>
      <p class="facts">{info === undefined ? " " : factsText(info)}</p>
      {error !== undefined && <Failure error={error} />}
      {info !== undefined && <Workbench key={times} route={route} change={change} info={info} />}
    </article>
  );
}

function factsText({ type, width, height, bytes, frames, damaged }: ImageInfo): string {
  const kind = formatText(type.replace(/^image\/(?:jpeg)?/, "") || "jpg");
  const pieces = [`${kind.replace("SVG+XML", "SVG")}, ${width} × ${height} pixels, ${bytesText(bytes)}`];
  if (frames > 1) pieces.push(`${frames} frames`);
  if (damaged !== undefined) pieces.push("a part of the picture is missing");
  return pieces.join(" · ");
}

function Workbench({ route, change, info }: PhotoProps & { readonly info: ImageInfo }) {
  const { key, q, format, x, y } = route;
  const opening = { route, change };
  const chooseQuality = (value: number): void => change({ q: value });
  const widest = Math.min(MAX_WIDTH, info.width === 0 ? MAX_WIDTH : info.width);
  const w = Math.min(route.w, widest);
  const original = { img: key, variant: { q: 100, w, fm: "png" } } as const;
  const variant = { img: key, variant: { q, w, fm: format } };
  const lossless = useLatest(nameOfWork(original), (signal) => show(original, signal));
  const chosen = useLatest(nameOfWork(variant), (signal) => show(variant, signal));
  const error =
    (chosen.isCurrent ? chosen.error : undefined) ?? (lossless.isCurrent ? lossless.error : undefined);
  return (
    <>
      <Compare
        route={route}
        change={change}
        original={lossless.value?.url}
        variant={chosen.value?.url}
        isWaiting={!chosen.isCurrent || !lossless.isCurrent}
        label={`${formatText(format)} at q ${q}`}
      />
      {error !== undefined && <Failure error={error} />}
      <div class="bench">
        <section class="sliders" aria-label="Quality and width">
          <Slider label="Quality" name="q" value={q} least={1} most={100} change={chooseQuality} />
          <Slider
            label="Width"
            name="w"
            value={w}
            least={Math.min(160, widest)}
            most={widest}
            step={widest > 400 ? 20 : 1}
            unit="pixels"
            change={(value) => change({ w: value })}
          />
        </section>
        <section class="formats" aria-label="Formats">
          <table>
            <thead>
              <tr>
                <th scope="col">Format</th>
                <th scope="col" class="right">
                  Bytes
                </th>
                <th scope="col" class="right">
                  <abbr title="SSIMULACRA 2.1: 100 is the original itself">Score</abbr>
                </th>
                <th scope="col">Looks</th>
              </tr>
            </thead>
            <tbody>
              {photoFormats.map((one) => (
                <FormatRow
                  key={one}
                  photo={key}
                  format={one}
                  q={q}
                  w={w}
                  isShown={one === format}
                  choose={() => change({ format: one })}
                />
              ))}
            </tbody>
          </table>
          <Weighed photo={key} q={q} w={w} />
        </section>
      </div>
      <Copy route={route} change={change} w={w} natural={info.width} />
      <div class="more-ways">
        <Opened {...opening} section="shown" title={<h3>As my blog shows it</h3>}>
          {() => <AsShown route={route} change={change} natural={info.width} />}
        </Opened>
        <Opened {...opening} section="four" title={<h3>Four qualities of one part</h3>}>
          {() => <Four photo={key} format={format} q={q} w={w} x={x} y={y} choose={chooseQuality} />}
        </Opened>
        <Opened {...opening} section="blind" title={<h3>Blind test</h3>}>
          {() => <BlindTest route={route} change={change} w={w} />}
        </Opened>
        <Opened {...opening} section="chart" title={<h3>Score against bytes</h3>}>
          {() => <Chart photo={key} format={format} q={q} w={w} choose={chooseQuality} />}
        </Opened>
        <Opened {...opening} section="cached" title={<h3>In the cache</h3>}>
          {() => <Cached route={route} change={change} />}
        </Opened>
      </div>
    </>
  );
}
