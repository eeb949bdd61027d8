/** A compass rose that reads on light and on dark pages: for vectors. */
export function drawCompass(): string {
  const points = Array.from({ length: 16 }, (_, index) => drawPoint(index)).join("\n");
  const ticks = Array.from({ length: 72 }, (_, index) => drawTick(index)).join("\n");
  const letters = ["N", "E", "S", "W"].map((letter, index) => drawLetter(letter, index)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-250 -250 500 500" width="500" height="500" role="img" aria-label="Compass rose">
<style>
  .line { stroke: #17324d; fill: none } .ink { fill: #17324d } .pale { fill: #f3ead7 } .north { fill: #b3402e }
  text { font: 600 30px Georgia, serif; text-anchor: middle; fill: #17324d }
  @media (prefers-color-scheme: dark) {
    .ink { fill: #8fb3d1 } .pale { fill: #22364a } .line { stroke: #8fb3d1 } text { fill: #d5e4f0 } .north { fill: #e0705c }
  }
</style>
<circle class="line" r="196" stroke-width="1.5"/>
<circle class="line" r="182" stroke-width="4"/>
<circle class="line" r="88" stroke-width="1.5"/>
${ticks}
${points}
<circle class="pale line" r="13" stroke-width="3"/>
${letters}
</svg>
`;
}

/** Two half-diamonds, one dark and one light: the longest for the main winds, drawn last. */
function drawPoint(index: number): string {
  const order = [...oddly(2, 1), ...oddly(4, 2), ...oddly(4, 0)];
  const wind = order[index] ?? 0;
  const length = wind % 4 === 0 ? 176 : wind % 2 === 0 ? 126 : 84;
  const waist = wind % 4 === 0 ? 34 : wind % 2 === 0 ? 26 : 18;
  const tip = at(wind / 16, length);
  const [left, right] = [at((wind - 1) / 16, waist), at((wind + 1) / 16, waist)];
  const dark = wind === 0 ? "north" : "ink";
  return `<path class="${dark}" d="M0 0L${left}L${tip}z"/><path class="pale line" stroke-width="1.2" stroke-linejoin="round" d="M0 0L${right}L${tip}z"/>`;
}

function oddly(step: number, first: number): readonly number[] {
  return Array.from({ length: 16 / step }, (_, index) => first + index * step);
}

function drawTick(index: number): string {
  return `<path class="line" stroke-width="${index % 9 === 0 ? 3 : 1.2}" d="M${at(index / 72, 183)}L${at(index / 72, 196)}"/>`;
}

function drawLetter(letter: string, index: number): string {
  const [x, y] = at(index / 4, 219).split(" ");
  return `<text x="${x}" y="${Number(y) + 10}">${letter}</text>`;
}

/** A point on a circle, clockwise from the top. */
function at(turn: number, radius: number): string {
  const angle = turn * 2 * Math.PI;
  return `${(radius * Math.sin(angle)).toFixed(1)} ${(-radius * Math.cos(angle)).toFixed(1)}`;
}
