import fc from "fast-check";

/**
 * Tests with generated inputs take the same ones in every run: an input that nobody has seen yet would fail someone else's change.
 * `SEED=random npm test` looks for new ones; a failure prints the seed that repeats it.
 */
const seed = process.env.SEED ?? "17";
if (seed !== "random") fc.configureGlobal({ seed: Number(seed) });
