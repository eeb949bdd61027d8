import { expect, test } from "vitest";
import { nameOf } from "../page/words.ts";

test("every key has a name that can be seen and clicked", () => {
  const keys = ["trips/alps.jpg", "trips/", "trips//", "trips/ ", "\u200b", "trips/\u202egpj.exe"];
  expect(keys.map(nameOf)).toEqual(["alps.jpg", "trips", '""', '" "', '"\u200b"', "\u202egpj.exe"]);
});
