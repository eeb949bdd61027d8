/**
 * The value at `x` on a line through points, which is level beyond its ends.
 * @param points at least one, by rising `x`.
 */
export function onLine(points: readonly (readonly [x: number, y: number])[], x: number): number {
  const found = points.findIndex(([at]) => at >= x);
  const next = found === -1 ? points.at(-1) : points[found];
  const before = points[found === -1 ? points.length - 1 : Math.max(0, found - 1)];
  if (next === undefined || before === undefined) throw new Error("a line needs a point");
  if (next === before) return next[1];
  return before[1] + ((next[1] - before[1]) * (x - before[0])) / (next[0] - before[0]);
}
