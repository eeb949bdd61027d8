import { readFileSync } from "node:fs";
import path from "node:path";
import { startVitest } from "vitest/node";

/** One check of the request path, taken out. */
interface Mutant {
  /** The check that is taken out. */
  readonly without: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly code: string;
  readonly instead: string;
}

const image = "server/image/image.ts";

/** Each check of a request. A new one belongs here too: without it, nothing proves that a test needs it. */
const mutants: readonly Mutant[] = [
  {
    without: "access: VARIANTS and signatures",
    file: image,
    code: "access.check(asked);",
    instead: "",
  },
  {
    without: "access is checked again after a publish",
    file: image,
    code: "url.allowedBy !== access.edition",
    instead: "url.allowedBy === undefined",
  },
  {
    without: "the client's budget for a variant",
    file: image,
    code: "access.charge(asked, call.client());\n      return variants.make",
    instead: "return variants.make",
  },
  {
    without: "the client's budget for fm=json",
    file: image,
    code: "access.charge(asked, call.client());\n      return descriptions.make",
    instead: "return descriptions.make",
  },
  {
    without: "the memory cache",
    file: image,
    code: "const held = hot.get(wanted.variant);",
    instead: "const held = undefined as ReturnType<typeof hot.get>;",
  },
  {
    without: "the disk cache",
    file: image,
    code: "held ?? (await variants.find(wanted.variant))",
    instead: "held",
  },
  {
    without: "freshness: the source is asked first where only it can tell",
    file: image,
    code: 'if (seconds === 0) return "unknown";',
    instead: "",
  },
  {
    without: "freshness: an entry of the original before this one is not served",
    file: image,
    code: 'if (known.validator !== meta.validator) return "outdated";',
    instead: "",
  },
  {
    without: "background revalidation of a variant",
    file: image,
    code: "revalidation.inBackground(asked.key);",
    instead: "{}",
  },
  {
    without: "background revalidation for fm=json",
    file: image,
    code: "revalidation.inBackground(key);",
    instead: "{}",
  },
  {
    without: "what another replica has made of a new original",
    file: image,
    code: 'if (stored !== undefined) return respond(call, wanted, stored, "hit", ms);',
    instead: "",
  },
  {
    without: "stale answers while the source is down",
    file: image,
    code: 'if (!isServedStale(error)) throw error;\n      return respond(call, wanted, found, "stale", ms);',
    instead: "throw error;",
  },
  {
    without: "a photograph that is gone takes its variants with it",
    file: image,
    code: 'error instanceof Problem && error.code !== "source-absent"',
    instead: "error instanceof Problem",
  },
  {
    without: "304 from memory",
    file: image,
    code: "if (ifNoneMatch !== undefined) {",
    instead: "if (false) {",
  },
  {
    without: "the negative cache",
    file: "server/image/negative-cache.ts",
    code: "check(wanted);",
    instead: "",
  },
  {
    without: "one fetch and one encode for all who wait",
    file: "server/concurrency/single-flight.ts",
    code: "flights.set(name, flight);",
    instead: "",
  },
  {
    without: "a purge that forgets what is being read",
    file: "server/image/variants.ts",
    code: "if (hot.edition === edition) hot.set(variant, stored);",
    instead: "hot.set(variant, stored);",
  },
  {
    without: "the token of the API",
    file: "server/api/api.ts",
    code: 'checkToken(event.req.headers.get("authorization"), parts.tokens);',
    instead: "",
  },
  {
    without: "paths compared as they were sent",
    file: "server/front/app.ts",
    code: "if (!isCanonical(event.url.pathname, exchangeOf(event), basePath)) throw notFound(basePath);",
    instead: "",
  },
];

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
};

function taken({ file, code, instead, without }: Mutant) {
  const whole = path.resolve(file);
  if (readFileSync(whole, "utf8").split(code).length !== 2)
    throw new Error(`${without}: ${file} has not exactly one "${code}"; change dev/mutants.ts with it`);
  return {
    name: "mutant",
    enforce: "pre" as const,
    transform: (text: string, id: string) => (id === whole ? text.replace(code, () => instead) : undefined),
  };
}

await main(process.argv[2]);
