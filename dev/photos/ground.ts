import { type Colour, type Picture, writePixel } from "./picture.ts";

/** Looks along +z from the origin of x and z. */
export interface Camera {
  /** Height of the eye. */
  readonly eye: number;
  /** Where the horizon is, in picture heights from the top. */
  readonly horizon: number;
  /** Height of the view at distance 1. */
  readonly view: number;
  readonly near: number;
  readonly far: number;
  /** Share of the distance that one step goes. */
  readonly step: number;
}

/** A point of the ground that the camera sees. */
export interface Point {
  x: number;
  z: number;
  height: number;
  /** How much the ground faces the light from the left and the light from behind the camera: slopes, not angles. */
  slopeX: number;
  slopeZ: number;
  /** Width of a pixel there. */
  footprint: number;
}

export type Height = (x: number, z: number, footprint: number) => number;

/**
 * Draws a height field, near to far, a column at a time: what rises above all that was nearer is seen. With
 * `ceiling` it hangs down instead. Returns the distance of each pixel, Infinity where there is none.
 */
export function drawGround(
  picture: Picture,
  camera: Camera,
  height: Height,
  shade: (point: Point, on: Colour) => void,
  ceiling = false,
): Float32Array {
  const distances = new Float32Array(picture.width * picture.height).fill(Number.POSITIVE_INFINITY);
  for (let column = 0; column < picture.width; column++)
    drawColumn(picture, camera, height, shade, ceiling, column, distances);
  return distances;
}

/** Where a point of the world is in the picture, in picture heights. */
export function project(
  picture: Picture,
  camera: Camera,
  x: number,
  height: number,
  z: number,
): { readonly x: number; readonly y: number } {
  return {
    x: x / (z * camera.view) + picture.width / picture.height / 2,
    y: camera.horizon - (height - camera.eye) / (z * camera.view),
  };
}

// --- one column ---

function drawColumn(
  picture: Picture,
  camera: Camera,
  height: Height,
  shade: (point: Point, on: Colour) => void,
  ceiling: boolean,
  column: number,
  distances: Float32Array,
): void {
  const across = ((column + 0.5) / picture.height - picture.width / picture.height / 2) * camera.view;
  const point: Point = { x: 0, z: 0, height: 0, slopeX: 0, slopeZ: 0, footprint: 0 };
  const on: Colour = [0, 0, 0];
  let edge = ceiling ? 0 : picture.height;
  for (let z = camera.near; z < camera.far; z *= 1 + camera.step) {
    const x = across * z;
    const footprint = (z * camera.view) / picture.height;
    const here = height(x, z, footprint);
    const seen = (camera.horizon - (here - camera.eye) / (z * camera.view)) * picture.height;
    const row = Math.min(picture.height, Math.max(0, Math.ceil(seen)));
    if (ceiling ? row <= edge : row >= edge) continue;
    point.x = x;
    point.z = z;
    point.height = here;
    point.slopeX = (height(x + footprint, z, footprint) - here) / footprint;
    point.slopeZ = (height(x, z + footprint, footprint) - here) / footprint;
    point.footprint = footprint;
    for (let at = ceiling ? edge : row; at < (ceiling ? row : edge); at++) {
      on.fill(0);
      shade(point, on);
      writePixel(picture, column, at, on);
      distances[at * picture.width + column] = z;
    }
    edge = row;
  }
}
