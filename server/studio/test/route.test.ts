import fc from "fast-check";
import { expect, test } from "vitest";
import {
  folderHash,
  formatRoute,
  parseRoute,
  photoDefaults,
  photoFormats,
  sides,
  sortOrders,
  zooms,
} from "../page/route.ts";

const name = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/[/\\]/.test(text));
const percent = fc.integer({ min: 1, max: 100 });

test("every state of the page survives its URL", () => {
  const photo = fc.record({
    kind: fc.constant("photo" as const),
    key: fc.array(name, { minLength: 1 }).map((parts) => parts.join("/")),
    q: percent,
    w: fc.integer({ min: 1, max: 3840 }),
    format: fc.constantFrom(...photoFormats),
    show: fc.constantFrom(...sides),
    zoom: fc.constantFrom(...zooms),
    divider: percent,
  });
  const folder = fc.record({
    kind: fc.constant("folder" as const),
    folder: fc.array(name).map((parts) => parts.map((part) => `${part}/`).join("")),
    find: fc.string(),
    sort: fc.constantFrom(...sortOrders),
    picks: fc.array(name),
  });
  fc.assert(
    fc.property(fc.oneof(photo, folder), (route) => {
      // As a browser reads it from its address bar.
      const { hash } = new URL(`http://localhost:5000/_studio/${formatRoute(route)}`);
      expect(parseRoute(hash)).toEqual(route);
    }),
  );
});

test("a URL with wrong values shows the default", () => {
  expect(parseRoute("#/a.jpg?q=0.5&w=99999&format=png&show=x&zoom=&divider=-1")).toEqual({
    ...photoDefaults,
    key: "a.jpg",
  });
  expect(parseRoute("")).toMatchObject({ kind: "folder", folder: "" });
  expect(parseRoute("#/%E9.jpg")).toMatchObject({ kind: "photo", key: "%E9.jpg" });
  expect(folderHash("")).toBe("#/");
});
