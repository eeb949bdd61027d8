import { CannotRun } from "../cannot-run.ts";
import type { InitOptions } from "./init.ts";
import { bucketProblem, endpointProblem } from "./options.ts";

/** What the site does not say by itself. */
export interface Answers {
  readonly endpoint: string;
  readonly bucket: string;
}

/**
 * From flags, from the site or from a person.
 * @param known what the site has already.
 * @throws CannotRun naming every flag that is missing.
 */
export async function answers(
  options: Partial<Answers> & Pick<InitOptions, "terminal" | "yes" | "dryRun">,
  known: { readonly [Name in keyof Answers]: string | undefined },
): Promise<Answers> {
  const { terminal } = options;
  const given = { endpoint: options.endpoint ?? known.endpoint, bucket: options.bucket ?? known.bucket };
  const missing = [
    ...(given.endpoint === undefined ? ["--endpoint URL"] : []),
    ...(given.bucket === undefined ? ["--bucket SOURCE (or none)"] : []),
  ];
  if (terminal === undefined && missing.length > 0)
    throw cannotAsk([...missing, ...(options.yes || options.dryRun ? [] : ["--yes"])]);
  const ask = async (name: keyof Answers, question: string, refuse: (answer: string) => string | undefined) =>
    given[name] ?? (await terminal?.ask(question, refuse)) ?? "";
  return {
    endpoint: await ask(
      "endpoint",
      "Address of the server for readers, such as https://images.example/",
      endpointProblem,
    ),
    bucket: await ask(
      "bucket",
      "Where the photographs are, for a compose file: s3://bucket/prefix, https://base/, a folder, or none",
      bucketProblem,
    ),
  };
}

export function cannotAsk(missing: readonly string[]): CannotRun {
  return new CannotRun(`there is no terminal to ask in; missing: ${missing.join(", ")}`);
}
