/** A repeatable stream of numbers from 0 to 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Smooth noise over a plane, from -1 to 1; features are about one unit wide. */
export type Noise = (x: number, y: number) => number;

export function createNoise(seed: number): Noise {
  const lattice = createLattice(seed);
  return (x, y) => {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const u = ease(x - column);
    const v = ease(y - row);
    const top = mix(lattice.at(column, row), lattice.at(column + 1, row), u);
    const bottom = mix(lattice.at(column, row + 1), lattice.at(column + 1, row + 1), u);
    return mix(top, bottom, v);
  };
}

/** Octaves of noise on top of each other, from about -1 to 1: clouds, mist, stone. */
export function layered(noise: Noise, x: number, y: number, octaves: number): number {
  let sum = 0;
  let amplitude = 0.5;
  for (let octave = 0; octave < octaves; octave++) {
    sum += amplitude * noise(x, y);
    amplitude *= 0.5;
    [x, y] = [1.6 * x - 1.2 * y + 3.1, 1.2 * x + 1.6 * y + 7.7];
  }
  return sum;
}

/**
 * Height of eroded land, from about -1 to 1: an octave counts less where the ones before it are steep, which carves
 * valleys and leaves crests sharp. Octaves finer than `footprint` are left out, so that what is far does not flicker.
 */
export function createRelief(seed: number): (x: number, y: number, footprint: number) => number {
  const lattice = createLattice(seed);
  return (x, y, footprint) => {
    let sum = 0;
    let amplitude = 0.5;
    let steepX = 0;
    let steepY = 0;
    for (let size = 1; size > footprint && size > 1 / 4096; size /= 2) {
      const column = Math.floor(x);
      const row = Math.floor(y);
      const a = lattice.at(column, row);
      const b = lattice.at(column + 1, row);
      const c = lattice.at(column, row + 1);
      const d = lattice.at(column + 1, row + 1);
      const fx = x - column;
      const fy = y - row;
      const u = ease(fx);
      const v = ease(fy);
      const twist = a - b - c + d;
      steepX += 6 * fx * (1 - fx) * (b - a + twist * v);
      steepY += 6 * fy * (1 - fy) * (c - a + twist * u);
      sum += (amplitude * (a + (b - a) * u + (c - a) * v + twist * u * v)) / (1 + steepX ** 2 + steepY ** 2);
      amplitude *= 0.5;
      [x, y] = [1.6 * x - 1.2 * y, 1.2 * x + 1.6 * y];
    }
    return sum;
  };
}

export function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/** 0 below `low`, 1 above `high`, eased between; falls when `low` is the higher one. */
export function smoothstep(low: number, high: number, value: number): number {
  return ease(Math.min(1, Math.max(0, (value - low) / (high - low))));
}

// --- lattice ---

const SIDE = 512;

interface Lattice {
  at(column: number, row: number): number;
}

function createLattice(seed: number): Lattice {
  const random = createRandom(seed);
  const values = Float64Array.from({ length: SIDE * SIDE }, () => random() * 2 - 1);
  return { at: (column, row) => values[(row & (SIDE - 1)) * SIDE + (column & (SIDE - 1))] ?? 0 };
}

function ease(share: number): number {
  return share * share * (3 - 2 * share);
}
