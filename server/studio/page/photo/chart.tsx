import { useState } from "preact/hooks";
import { namedLadders } from "../../../../contract/page/tiers.ts";
import { qualityAt } from "../copy/snippets.ts";
import { Failure } from "../failure.tsx";
import { useLatest } from "../hooks.ts";
import { scoreOf, show } from "../shown.ts";
import type { PhotoFormat } from "../url/route.ts";
import { bytesText, formatText } from "../words.ts";
import { kneeOf, type Point, sampledQualities } from "./knee.ts";

interface ChartProps {
  readonly photo: string;
  readonly format: PhotoFormat;
  readonly q: number;
  readonly w: number;
  readonly choose: (q: number) => void;
}

/** Score against bytes at several qualities: where the curve bends, more bytes buy little. */
export function Chart(props: ChartProps) {
  const { photo, format, w } = props;
  const [points, setPoints] = useState<{ readonly of: string; readonly points: readonly Point[] }>();
  const of = `${photo} ${format} ${w}`;
  const { error, isCurrent } = useLatest(of, async (signal) => {
    const made: Point[] = [];
    setPoints({ of, points: made });
    for (const q of sampledQualities) {
      const body = { img: photo, variant: { q, w, fm: format } };
      const { bytes } = await show(body, signal);
      made.push({ q, bytes, score: await scoreOf(body, signal) });
      if (signal.aborted) return;
      setPoints({ of, points: [...made] });
    }
  });
  const known = points?.of === of ? points.points : [];
  return (
    <div class="chart">
      <output class="hint">
        {isCurrent
          ? sentence(known, props)
          : `Measuring ${Math.min(known.length + 1, sampledQualities.length)} of ${sampledQualities.length}`}
      </output>
      {error !== undefined && isCurrent && <Failure error={error} />}
      {known.length > 1 && <Curve points={known} {...props} />}
    </div>
  );
}

function sentence(points: readonly Point[], { format, w }: ChartProps): string {
  const knee = kneeOf(points);
  if (knee === undefined) return "";
  return `${formatText(format)} at ${w} pixels: the curve bends at q ${knee.q}, with ${bytesText(knee.bytes)} and a score of ${knee.score.toFixed(0)}.`;
}

const WIDTH = 640;
const HEIGHT = 280;
const LEFT = 44;
const BOTTOM = 36;

function Curve({ points, q, w, choose }: ChartProps & { readonly points: readonly Point[] }) {
  const bytes = points.map((point) => point.bytes);
  const scores = points.map((point) => point.score);
  const [most, top] = [Math.max(...bytes), Math.ceil(Math.max(...scores) / 10) * 10];
  const floor = Math.floor(Math.min(...scores) / 10) * 10;
  const x = (value: number): number => LEFT + (value / most) * (WIDTH - LEFT - 24);
  const y = (value: number): number =>
    16 + ((top - value) / Math.max(1, top - floor)) * (HEIGHT - BOTTOM - 16);
  const knee = kneeOf(points);
  const ladderQ = qualityAt(namedLadders.balanced ?? [], w);
  const nearest = (wanted: number): Point | undefined =>
    points.toSorted((a, b) => Math.abs(a.q - wanted) - Math.abs(b.q - wanted))[0];
  const ladder = nearest(ladderQ);
  const ticks = Array.from({ length: (top - floor) / 10 + 1 }, (_, at) => floor + 10 * at);
  return (
    <>
      <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={WIDTH} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
              {tick}
            </text>
          </g>
        ))}
        <polyline points={points.map((point) => `${x(point.bytes)},${y(point.score)}`).join(" ")} />
        {points.map((point) => (
          <g key={point.q}>
            <circle
              cx={x(point.bytes)}
              cy={y(point.score)}
              r={point === knee ? 7 : 4}
              data-knee={point === knee}
            />
            <text class="tick" x={x(point.bytes) + 6} y={y(point.score) + 16}>
              {point.q}
            </text>
          </g>
        ))}
        <text class="tick" x={WIDTH} y={HEIGHT - 8} text-anchor="end">
          {bytesText(most)}
        </text>
      </svg>
      <table class="points">
        <caption class="visually-hidden">The measured qualities</caption>
        <thead>
          <tr>
            <th scope="col">q</th>
            <th scope="col" class="right">
              Bytes
            </th>
            <th scope="col" class="right">
              Score
            </th>
            <th scope="col">
              <span class="visually-hidden">Notes</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {points.map((point) => (
            <tr key={point.q} data-shown={point.q === q}>
              <th scope="row">
                <button type="button" class="quiet" onClick={() => choose(point.q)}>
                  {point.q}
                </button>
              </th>
              <td class="right">{bytesText(point.bytes)}</td>
              <td class="right">{point.score.toFixed(1)}</td>
              <td>
                {[
                  ...(point === knee ? ["the knee"] : []),
                  ...(point === ladder ? [`nearest to balanced, q ${ladderQ}`] : []),
                ].join(", ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
