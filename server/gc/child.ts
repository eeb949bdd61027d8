import { type CollectOptions, collectIfDue } from "./run.ts";

/** The main of a sweep beside the server: the options come as JSON, the summary goes out as JSON, or nothing does. */
async function main(json: string): Promise<void> {
  const options = JSON.parse(json) as CollectOptions; // From timer.ts, of this same program.
  const summary = await collectIfDue(options);
  if (summary !== undefined) process.stdout.write(JSON.stringify(summary));
}

await main(process.argv[2] ?? "{}");
