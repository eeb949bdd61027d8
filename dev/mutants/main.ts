import { readFileSync } from "node:fs";
import path from "node:path";
import { startVitest } from "vitest/node";
import { type Mutant, mutants } from "./mutants.ts";

/** The tests that start where a request does. */
const tests = ["server/front/test/app", "server/front/test/held", "server/image/test/", "server/api/test/"];

const everyTest = new Set([...tests, ...mutants.flatMap((mutant) => mutant.tests ?? [])]);

/**
 * `npm run test:mutants [-- WORD]`: removes each check of the request path in turn and expects a test to fail.
 * Exit code 1, and the names of checks that no test needs.
 */
async function main(word = ""): Promise<void> {
  const survivors: string[] = [];
  const failing = await failedTests();
  if (failing > 0) throw new Error("tests fail although every check is in place: run npx vitest run server");
  const chosen = mutants.filter(({ without }) => without.includes(word));
  for (const mutant of chosen) {
    const failed = await failedTests(mutant);
    process.stdout.write(`${failed > 0 ? "fails a test" : "SURVIVES    "}  ${mutant.without}\n`);
    if (failed === 0) survivors.push(mutant.without);
  }
  process.stdout.write(`${chosen.length - survivors.length} passed, ${survivors.length} failed\n`);
  process.exit(survivors.length === 0 && chosen.length > 0 ? 0 : 1);
}

/** The number of tests that fail, with all checks or without one of them; the first failure ends the run. */
async function failedTests(mutant?: Mutant): Promise<number> {
  const files = mutant === undefined ? everyTest : (mutant.tests ?? tests);
  const vitest = await startVitest("test", [...files], options, { plugins: mutant ? [taken(mutant)] : [] });
  const failed = vitest.state.getCountOfFailedTests() + vitest.state.getUnhandledErrors().length;
  await vitest.close();
  return failed;
}

const options: Parameters<typeof startVitest>[2] = {
  config: false,
  watch: false,
  bail: 1,
  reporters: [{}],
  include: ["server/**/test/**/*.test.ts"],
  testTimeout: 60_000,
  expect: { poll: { timeout: 20_000 } },
  isolate: false,
};

function taken({ file, code, instead, without }: Mutant) {
  const whole = path.resolve(file);
  if (readFileSync(whole, "utf8").split(code).length !== 2)
    throw new Error(
      `${without}: ${file} does not contain "${code}" exactly once; update dev/mutants/mutants.ts`,
    );
  return {
    name: "mutant",
    enforce: "pre" as const,
    transform: (text: string, id: string) => (id === whole ? text.replace(code, () => instead) : undefined),
  };
}

await main(process.argv[2]);
