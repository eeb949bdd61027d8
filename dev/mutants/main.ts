import { readFileSync } from "node:fs";
import path from "node:path";
import { startVitest } from "vitest/node";
import { type Mutant, mutants } from "./mutants.ts";

/** The tests that enter where a request does. */
const tests = ["server/front/test/app", "server/front/test/held", "server/image/test/", "server/api/test/"];

/**
 * `npm run test:mutants [-- WORD]`: takes out each check of the request path in turn and expects a test to fail.
 * Exit code 1 names each check that no test needs.
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

/** The number of tests that fail, without a check or with all of them; the first ends the run. */
async function failedTests(mutant?: Mutant): Promise<number> {
  const vitest = await startVitest("test", [...tests], options, { plugins: mutant ? [taken(mutant)] : [] });
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
      `${without}: ${file} has not exactly one "${code}"; change dev/mutants/mutants.ts with it`,
    );
  return {
    name: "mutant",
    enforce: "pre" as const,
    transform: (text: string, id: string) => (id === whole ? text.replace(code, () => instead) : undefined),
  };
}

await main(process.argv[2]);
