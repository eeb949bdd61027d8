import { CannotRun } from "../cannot-run.ts";
import { flag, readOptions, text } from "../command-line/read-options.ts";
import { parseCount, parseGlobs } from "../command-line/values.ts";
import type { BucketOptions } from "./target/s3.ts";

/** The parsed command line of `imgproxy-lite move`. */
export interface MoveCommand {
  readonly site: string;
  readonly environment: string | undefined;
  /** Where the photographs go. */
  readonly to:
    | { readonly folder: string }
    | (Omit<BucketOptions, "credentials" | "region"> & { readonly region?: string });
  /** The command that builds the site, without its destination. */
  readonly hugo: readonly string[];
  /** Whether a photograph stays, by its name in the site. */
  readonly keeps: (name: string) => boolean;
  /** Change the site, and delete its photographs. */
  readonly apply: boolean;
  /** Whether git must have everything that is changed. */
  readonly git: boolean;
  readonly dryRun: boolean;
  readonly concurrency: number;
  readonly json: boolean;
}

export const moveHelp = `Usage: imgproxy-lite move --bucket s3://NAME/PREFIX [options]

Moves the photographs of a Hugo site to the bucket: those in page bundles, static/ and assets/ that its pages show. It builds the
site, uploads, reads everything back, changes a copy of the site so that the same places show the photographs of the bucket, builds
the copy, and compares all images of both builds. Then it shows the changes. Only --apply changes the site and deletes its
photographs; nothing is ever committed. A photograph that a template uses itself stays, with a message.

Where the photographs go
  --bucket s3://NAME/PREFIX  the bucket that the server reads, with the prefix of its SOURCE
  --endpoint-url URL         address of the storage, if it is not AWS
  --region NAME              (default: MOVE_AWS_REGION, or us-east-1)
  --source FOLDER            instead of a bucket: the folder that the server reads

The site
  --site FOLDER              the Hugo site (default: the current folder)
  --environment NAME         Hugo's environment (default: hugo's own)
  --hugo "COMMAND"           the command that builds the site; it gets --destination (default: hugo)
  --keep GLOB                photographs that stay, such as "static/press/**"; can be repeated

What is done
  --apply                    change the site and delete its photographs; git must have the whole site, without changes
  --no-git                   with --apply: also without git, which then cannot bring anything back
  --dry-run                  upload nothing: show what would be uploaded and changed
  --concurrency N            parallel uploads (default: 4)
  --json                     print the result as JSON
  -h, --help                 print this

MOVE_AWS_ACCESS_KEY_ID, MOVE_AWS_SECRET_ACCESS_KEY and MOVE_AWS_SESSION_TOKEN are keys that may write (s3:PutObject, s3:GetObject).
The server's own, AWS_ACCESS_KEY_ID and others, are not read: they should not be able to write. Nothing in the bucket is ever
replaced or deleted. If the command is interrupted, run it again: it continues. Exit code: 0 done; 1 a photograph cannot be moved
because of an error; 2 it could not run.
`;

/** @throws CannotRun naming the wrong option. @returns undefined if the help is asked for. */
export function parseMove(argv: readonly string[]): MoveCommand | undefined {
  const values = readOptions("move", argv, options);
  if (values.help === true) return undefined;
  if (values["no-git"] === true && values.apply !== true)
    throw new CannotRun("--no-git belongs to --apply: without it the site is not changed");
  if (values["dry-run"] === true && values.apply === true)
    throw new CannotRun("--dry-run and --apply exclude each other");
  return {
    site: values.site ?? ".",
    environment: values.environment,
    to: parseTarget(values),
    hugo: parseWords(values.hugo ?? "hugo"),
    keeps: parseGlobs("--keep", values.keep ?? [], "static/press/**"),
    apply: values.apply === true,
    git: values["no-git"] !== true,
    dryRun: values["dry-run"] === true,
    concurrency: parseCount("--concurrency", values.concurrency ?? "4", 1, 64),
    json: values.json === true,
  };
}

/** The keys that may write. Only these names: the server's keys are for reading. @throws CannotRun */
export function writeCredentials(
  variables: Readonly<Record<string, string | undefined>>,
): BucketOptions["credentials"] {
  const [accessKeyId, secretAccessKey, sessionToken] = [
    ...["MOVE_AWS_ACCESS_KEY_ID", "MOVE_AWS_SECRET_ACCESS_KEY", "MOVE_AWS_SESSION_TOKEN"],
  ].map((name) => variables[name] ?? "");
  if (!accessKeyId || !secretAccessKey)
    throw new CannotRun(
      "set MOVE_AWS_ACCESS_KEY_ID and MOVE_AWS_SECRET_ACCESS_KEY: a key pair that may write to the bucket (AWS_ACCESS_KEY_ID, the server's, is not read)",
    );
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && sessionToken !== "" && { sessionToken }),
  };
}

// --- parts ---

const options = {
  site: text,
  environment: text,
  bucket: text,
  "endpoint-url": text,
  region: text,
  source: text,
  hugo: text,
  keep: { ...text, multiple: true },
  apply: flag,
  "no-git": flag,
  "dry-run": flag,
  concurrency: text,
  json: flag,
  help: { ...flag, short: "h" },
} as const;

function parseTarget(values: {
  readonly bucket?: string | undefined;
  readonly source?: string | undefined;
  readonly region?: string | undefined;
  readonly "endpoint-url"?: string | undefined;
}): MoveCommand["to"] {
  const { bucket, source, region, "endpoint-url": endpoint } = values;
  if ((bucket === undefined) === (source === undefined))
    throw new CannotRun(
      "name the place of the photographs: either --bucket s3://NAME/PREFIX or --source FOLDER",
    );
  if (source !== undefined) {
    if (region !== undefined || endpoint !== undefined)
      throw new CannotRun("--endpoint-url and --region belong to --bucket");
    return { folder: source };
  }
  const match = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(bucket ?? "");
  if (match === null || /[?#@\s]/.test(match[1] ?? ""))
    throw new CannotRun(`--bucket takes s3://NAME or s3://NAME/PREFIX; it is ${withoutUser(bucket ?? "")}`);
  if (endpoint !== undefined && !(/^https?:\/\/[^@]+$/i.test(endpoint) && URL.canParse(endpoint)))
    throw new CannotRun(
      `--endpoint-url takes a URL such as https://s3.example/; it is ${withoutUser(endpoint)}`,
    );
  const prefix = (match[2] ?? "").replace(/^\/+|\/+$/g, "");
  return {
    bucket: match[1] ?? "",
    prefix: prefix === "" ? "" : `${prefix}/`,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  };
}

/** Keys in a URL are not printed. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^/]*@/, "//");
}

/** Words as a shell separates them, with quotes and without anything else. */
function parseWords(command: string): string[] {
  const words = Array.from(command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g), ([, double, single, bare]) =>
    [double, single, bare].join(""),
  );
  if (words.length > 0) return words;
  throw new CannotRun("--hugo takes a command such as hugo, or npx hugo --minify");
}
