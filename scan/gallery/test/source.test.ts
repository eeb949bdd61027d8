import { describe, expect, test } from "vitest";
import { type AskedGallery, parseGallery } from "../source.ts";

const parsed = (from: AskedGallery["from"], more: Partial<AskedGallery> = {}) =>
  parseGallery({ from, isCover: false, ...more }, { resolve: "flat" }, "posts/x/");

describe("the source of a gallery", () => {
  test.each([
    ["trips/alps", "trips/alps", "trips/alps/", false],
    ["/trips/alps/", "trips/alps", "trips/alps/", false],
    ["./trips/../trips/alps", "trips/alps", "trips/alps/", false],
    ["../../etc", "etc", "etc/", false],
    ["/", "", "", false],
    ["trips/100% [2024]", "trips/100% [2024]", "trips/100% [2024]/", false],
    ["trips/alps/*.jpg", "trips/alps/*.jpg", "trips/alps/", false],
    ["*.jpg", "*.jpg", "", false],
    ["trips/**", "trips/**", "trips/", true],
    ["trips/*/sunset-?.jpg", "trips/*/sunset-?.jpg", "trips/", true],
  ])("%s is the list %s, from the folder %s", (from, name, folder, deep) => {
    // For people, the root has a name too.
    expect(parsed(from)).toMatchObject({ sources: [{ name, reference: name || "/", folder, deep }] });
  });

  test("only *, ? and ** are wildcards, and a segment ** also stands for no folder", () => {
    const matching = (glob: string, keys: readonly string[]) => {
      const found = parsed(glob);
      const [source] = ("sources" in found && found.sources) || [];
      return keys.filter((key) => source?.matches(key));
    };
    expect(matching("t/**/sun-*", ["t/sun-1.jpg", "t/a/b/sun-2.jpg", "t/moon.jpg", "sun-1.jpg"])).toEqual([
      "t/sun-1.jpg",
      "t/a/b/sun-2.jpg",
    ]);
    expect(matching("t/*.jpg", ["t/a.JPG", "t/a/b.jpg", "t/b.png"])).toEqual(["t/a.JPG"]);
    expect(matching("t/[a],{b}!*.jpg", ["t/[a],{b}!c.jpg", "t/a,b!c.jpg"])).toEqual(["t/[a],{b}!c.jpg"]);
  });

  test("the order is part of the name, unless it is by name", () => {
    for (const order of ["-name", "date", "-date"])
      expect(parsed("a", { order })).toMatchObject({
        sources: [{ name: `a?order=${order}`, reference: "a", order }],
      });
    expect(parsed("a", { order: "name" })).toMatchObject({ sources: [{ name: "a" }], problems: [] });
  });

  test("an order or a limit that makes no sense is ignored with a message", () => {
    expect(parsed("a", { order: "size", limit: "0" })).toMatchObject({
      sources: [{ name: "a" }],
      problems: [
        "order=size is ignored: it takes name, -name, date or -date",
        "limit=0 is ignored: it takes a whole number from 1 to 2000",
      ],
    });
    expect(parsed("a", { limit: "2001" })).not.toHaveProperty("limit");
    expect(parsed("a", { limit: "2000" })).toMatchObject({ limit: 2000 });
  });

  test("several keys, and a single name of an image, are a list in which the limit counts", () => {
    expect(parsed(["b.jpg", "a.jpg?q=40", "c.jpg"], { limit: "2" })).toMatchObject({
      keys: ["b.jpg", "a.jpg?q=40"],
    });
    expect(parsed("trips/Worms.JPG")).toMatchObject({ keys: ["trips/Worms.JPG"], problems: [] });
    expect(parsed(["a.jpg"], { order: "listed" })).toMatchObject({ keys: ["a.jpg"], problems: [] });
    expect(parsed(["a.jpg"], { order: "date" })).toMatchObject({
      keys: ["a.jpg"],
      problems: ["order=date is ignored: a list of keys is shown as it is listed"],
    });
  });

  test("with resolve = page, a folder beside the page comes first, unless it begins with a slash", () => {
    const names = (from: string) => {
      const found = parseGallery({ from, isCover: false }, { resolve: "page" }, "posts/x/");
      return "sources" in found ? found.sources?.map(({ name }) => name) : found;
    };
    expect(names("photos")).toEqual(["posts/x/photos", "photos"]);
    expect(names("../y/*.jpg")).toEqual(["posts/y/*.jpg", "y/*.jpg"]);
    expect(names("/photos")).toEqual(["photos"]);
  });

  test.each(["https://elsewhere.example/a", "a\\b", "a\u0000b", `${"a".repeat(1100)}`])(
    "%j cannot be a folder",
    (from) => {
      expect(parsed(from)).toHaveProperty("invalid");
    },
  );
});
