import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { unknownParams } from "../page/param-rules.ts";
import { defaultParams, siteParams } from "../page/params.ts";
import rules from "../param-rules.json" with { type: "json" };

const values = [
  ...[
    "",
    "auto",
    "true",
    "FALSE",
    "yes",
    "1",
    "0",
    0,
    1,
    true,
    false,
    "maybe",
    "none",
    "color",
    "image",
    "blur",
  ],
  ...["flat", "page", "hugo", "proxy", "tiers", "original", "widest", 3840, "3841", 4000, -1, 1.5, "300"],
  ...["https://images.example/", "HTTP://a", "https:///x", "//images.example/", "/images/", "images.example"],
];

describe("the rules that the templates check", () => {
  test.each(Object.entries(rules.takes).filter(([, rule]) => "pattern" in rule))(
    "the templates accept the same values of %s as the scanner",
    (name, rule) => {
      const pattern = new RegExp("pattern" in rule ? rule.pattern : "^$");
      const differ = values.filter((value) => {
        const { success } = v.safeParse(siteParams, { ...defaultParams, [name]: value });
        return pattern.test(String(value).toLowerCase()) !== success;
      });
      expect(differ).toEqual([]);
    },
  );

  test.each(Object.entries(rules.takes))(
    "the templates describe the values of %s with the scanner's words",
    (name, { words }) => {
      const { issues = [] } = v.safeParse(siteParams, { ...defaultParams, [name]: Symbol("none of these") });
      expect(issues.map(({ message }) => message)).toEqual([words]);
    },
  );

  test("every parameter in contract/param-rules.json exists", () => {
    const names = Object.keys(defaultParams);
    expect(
      [...Object.keys(rules.takes), ...Object.values(rules.meant)].filter((name) => !names.includes(name)),
    ).toEqual([]);
    expect(Object.keys(rules.meant).filter((name) => names.includes(name))).toEqual([]);
  });
});

test("the suggestion for an unknown parameter differs in one letter or a swap, or begins with it", () => {
  const near = (name: string) => /did you mean (.*)\?/.exec(unknownParams({ [name]: 1 })[0] ?? "")?.[1];
  expect(["size", "endpiont", "endpont", "enpdoint", "tier", "place", "xyz", "a"].map(near)).toEqual([
    ...["sizes", "endpoint", "endpoint", "endpoint", "tiers", "placeholder", undefined, undefined],
  ]);
  expect(unknownParams({ endpoint: "", key: "", _merge: "none" })).toEqual([]);
});
