import { expect, test } from "vitest";
import { parseYaml } from "../config/yaml.ts";

test("what people write at the head of a post has its values", () => {
  const head = `title: "Worms: a walk"\ndate: 2024-05-01T10:00:00+02:00\ndraft: false\nweight: 12\n
tags: [walks, "in the rain", Été]\ncategories:\n  - Notes\n  - Don't panic\ndescription: It rained, so we walked.\n`;
  expect(parseYaml(head, 169)).toEqual({
    title: "Worms: a walk",
    // YAML 1.2 has no dates: dates.ts reads the text as Hugo does.
    date: "2024-05-01T10:00:00+02:00",
    draft: false,
    weight: 12,
    tags: ["walks", "in the rain", "Été"],
    categories: ["Notes", "Don't panic"],
    description: "It rained, so we walked.",
  });
  expect(parseYaml("# nothing\n", 169)).toBeNull();
});

test("words and numbers of YAML 1.1 mean what they mean to the site's Hugo", () => {
  const text =
    "a: yes\nb: Off\nc: 010\nd: -0b11\ne: 1_000\nf: 0o17\ng: 0x1f\nh: 1e3\ni: !!str yes\nj: True\n";
  const numbers = { c: 8, d: -3, e: 1000, f: 15, g: 31, h: 1000, i: "yes", j: true };
  expect(parseYaml(text, 151)).toEqual({ a: true, b: false, ...numbers });
  expect(parseYaml(text, 152)).toEqual({ a: "yes", b: "Off", ...numbers });
});

test("a key that comes twice is refused where Hugo's build fails on it, and is the last one before", () => {
  for (const text of ["a: 1\nb: x\na: 2\n", "b: {a: 1, a: 2}\n"])
    expect(() => parseYaml(text, 152), text).toThrow(/^duplicated mapping key at line \d, column \d/);
  expect(parseYaml("a: 1\nb: x\na: 2\n", 151)).toEqual({ a: 2, b: "x" });
});

test("merge keys merge, and names that objects have are keys like others", () => {
  const text = "a: 1\nA: {<<: &x {b: 1, c: 2}, c: 3}\nconstructor: x\ntoString: *x\n";
  expect(parseYaml(text, 169)).toEqual({
    a: 1,
    A: { b: 1, c: 3 },
    constructor: "x",
    toString: { b: 1, c: 2 },
  });
});

test("aliases that stand for millions of values are refused, and few are not", () => {
  const levels = (count: number): string =>
    Array.from(
      { length: count },
      (_, at) => `l${at}: &l${at} [${Array(10).fill(at === 0 ? "x" : `*l${at - 1}`)}]`,
    ).join("\n");
  expect(parseYaml(levels(4), 169)).toHaveProperty("l3");
  expect(() => parseYaml(levels(9), 169)).toThrow("its aliases (*name) repeat too much");
  expect(() => parseYaml("a: &a [*a]\n", 169)).toThrow();
});

test("an error has its place", () => {
  expect(() => parseYaml('title: x\ntags: [a, "b\n', 169)).toThrow(/ at line \d+, column \d+$/);
});
