import { type RunOptions, runIfDue } from "./run.ts";

/** The main of the sweep process beside the server: gets the options as JSON, and writes the summary as JSON, or nothing. */
async function main(json: string): Promise<void> {
  const options = JSON.parse(json) as RunOptions; // From timer.ts, of this same program.
  const summary = await runIfDue(options);
  if (summary !== undefined) process.stdout.write(JSON.stringify(summary));
}

await main(process.argv[2] ?? "{}").catch((error: unknown) => {
  // For the server's log, where its stack would not help.
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
