import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { mutants } from "../mutants/mutants.ts";

const root = new URL("../../", import.meta.url);

test.each(mutants)(
  "npm run test:mutants finds the code to remove, exactly once: $without",
  ({ file, code }) => {
    const text = readFileSync(fileURLToPath(new URL(file, root)), "utf8");
    expect(text.split(code)).toHaveLength(2);
  },
);
