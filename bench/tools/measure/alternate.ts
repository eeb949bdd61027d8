/** One contender. */
export interface Contender {
  readonly name: string;
  /** One run of about a second; returns its measurements by name. */
  readonly run: () => Promise<Measured>;
}

export type Measured = Readonly<Record<string, number>>;

/** A contender's measurements of all rounds, by name. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/**
 * Runs the contenders in turn, in reversed order every other round: a shared machine slows all of them equally, and the minimum
 * of many rounds is what each can do.
 * @returns the samples by contender.
 */
export async function alternate(
  contenders: readonly Contender[],
  rounds: number,
  tell: (round: number) => void = () => undefined,
): Promise<ReadonlyMap<string, Samples>> {
  const samples = new Map<string, Record<string, number[]>>(contenders.map(({ name }) => [name, {}]));
  for (let round = 0; round < rounds; round++) {
    tell(round + 1);
    for (const { name, run } of round % 2 === 0 ? contenders : contenders.toReversed())
      for (const [what, value] of Object.entries(await run())) {
        const mine = samples.get(name) ?? {};
        mine[what] = [...(mine[what] ?? []), value];
      }
  }
  return samples;
}

/** The samples of two series together. */
export function joined(
  a: ReadonlyMap<string, Samples>,
  b: ReadonlyMap<string, Samples>,
): ReadonlyMap<string, Samples> {
  const both = [...new Set([...a.keys(), ...b.keys()])].map((name): [string, Samples] => {
    const [first = {}, second = {}] = [a.get(name), b.get(name)];
    const whats = [...new Set([...Object.keys(first), ...Object.keys(second)])];
    return [
      name,
      Object.fromEntries(whats.map((what) => [what, [...(first[what] ?? []), ...(second[what] ?? [])]])),
    ];
  });
  return new Map(both);
}

export function least(values: readonly number[]): number {
  return Math.min(...values);
}

export function most(values: readonly number[]): number {
  return Math.max(...values);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 0 ? (low + high) / 2 : high;
}
