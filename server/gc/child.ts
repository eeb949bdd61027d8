import { type RunOptions, runIfDue } from "./run.ts";

/** The main of a sweep beside the server: the options come as JSON, the summary goes out as JSON, or nothing does. */
async function main(json: string): Promise<void> {
  const options = JSON.parse(json) as RunOptions; // From timer.ts, of this same program.
  const summary = await runIfDue(options);
  if (summary !== undefined) process.stdout.write(JSON.stringify(summary));
}

await main(process.argv[2] ?? "{}").catch((error: unknown) => {
  // For the server's log, where its stack is of no use.
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
