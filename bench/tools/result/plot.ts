import { digits, type Plot } from "./result.ts";

/** An SVG for a README: readable on white and on black, without script or font. */
export function drawPlot(title: string, plot: Plot): string {
  const body = plot.kind === "bars" ? drawBars(plot) : drawLines(plot);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${body.height + TOP}" width="${WIDTH}" role="img" aria-label="${escapeXml(title)}">
<style>text{font:13px system-ui,sans-serif;fill:#333}.ours{fill:#0b7a4b}.peer{fill:#8a94a6}.grid{stroke:#8884}@media (prefers-color-scheme:dark){text{fill:#ddd}.ours{fill:#3ecf8e}}</style>
<text x="0" y="18" style="font-weight:600;font-size:15px">${escapeXml(title)}</text>
<g transform="translate(0 ${TOP})">
${body.svg}
</g>
</svg>
`;
}

// --- kinds ---

const WIDTH = 720;
const TOP = 34;

interface Drawn {
  readonly svg: string;
  readonly height: number;
}

function drawBars({ unit, bars }: Extract<Plot, { kind: "bars" }>): Drawn {
  const [left, right, row] = [270, 120, 26];
  const longest = Math.max(...bars.map(({ value }) => value));
  const svg = bars.map(({ name, value, ours = false }, index) => {
    const y = index * row;
    const width = Math.max(1, ((WIDTH - left - right) * value) / longest);
    return [
      `<text x="${left - 8}" y="${y + 16}" text-anchor="end">${escapeXml(name)}</text>`,
      `<rect class="${ours ? "ours" : "peer"}" x="${left}" y="${y + 3}" width="${width.toFixed(1)}" height="${row - 8}" rx="2"/>`,
      `<text x="${(left + width + 6).toFixed(1)}" y="${y + 16}">${digits(value)} ${escapeXml(unit)}</text>`,
    ].join("");
  });
  return { svg: svg.join("\n"), height: bars.length * row + 6 };
}

/** Both axes are logarithmic: linear growth is a diagonal, constant cost is horizontal. */
function drawLines({ x, y, lines }: Extract<Plot, { kind: "lines" }>): Drawn {
  const [left, bottom, height] = [70, 44, 320];
  const points = lines.flatMap((line) => line.points);
  const across = scale(
    points.map(([value]) => value),
    left,
    WIDTH - 190,
  );
  const up = scale(
    points.map(([, value]) => value),
    height - bottom,
    8,
  );
  const grid = [
    ...across.ticks.map((tick) => {
      const at = across.at(tick).toFixed(1);
      return `<line class="grid" x1="${at}" x2="${at}" y1="8" y2="${height - bottom}"/><text x="${at}" y="${height - bottom + 18}" text-anchor="middle">${short(tick)}</text>`;
    }),
    ...up.ticks.map((tick) => {
      const at = up.at(tick).toFixed(1);
      return `<line class="grid" x1="${left}" x2="${WIDTH - 190}" y1="${at}" y2="${at}"/><text x="${left - 8}" y="${Number(at) + 4}" text-anchor="end">${short(tick)}</text>`;
    }),
    `<text x="${left}" y="${height - 6}">${escapeXml(`${x}; upwards: ${y}`)}</text>`,
  ];
  const drawn = lines.map(({ name, points }, index) => {
    const color = ["#0b9a5f", "#8a94a6", "#c0782d", "#5470c6", "#b05cc4"][index % 5] ?? "#888";
    const path = points.map(([a, b]) => `${across.at(a).toFixed(1)},${up.at(b).toFixed(1)}`).join(" ");
    const [lastX, lastY] = points.at(-1) ?? [1, 1];
    return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2.5"/><text x="${(across.at(lastX) + 8).toFixed(1)}" y="${(up.at(lastY) + 4).toFixed(1)}">${escapeXml(name)}</text>`;
  });
  return { svg: [...grid, ...drawn].join("\n"), height };
}

// --- parts ---

function scale(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    at: (value: number): number => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step)),
  };
}

function short(value: number): string {
  return value >= 1000 ? value.toLocaleString("en") : String(Number(value.toPrecision(3)));
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
