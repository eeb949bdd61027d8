import { CannotRun } from "../cannot-run.ts";
import { flag, readOptions, text } from "../command-line/read-options.ts";

/** The parsed command line of init. */
export interface InitCommand {
  readonly site: string;
  readonly endpoint?: string;
  /** The server's SOURCE, or `none`. */
  readonly bucket?: string;
  /** Name of a recipe, or `none`. */
  readonly theme?: string;
  /** Name of a recipe, or `none`. */
  readonly ci?: string;
  /** Write without a question. */
  readonly yes: boolean;
  /** Replace files of the site that differ from the recipe's. */
  readonly overwrite: boolean;
  readonly dryRun: boolean;
  readonly help: boolean;
}

export const initHelp = `Usage: imgproxy-lite init [options]

Prepares a Hugo site: imports the module, sets its parameters with the theme's "sizes", and writes the theme's recipe, a CI
file and a compose file. It shows all changes before it writes, and replaces no file without asking. Comments and order of
the configuration stay; what cannot be edited safely is printed, to paste. A second run changes nothing.

  --site FOLDER      the Hugo site (default: the current folder)
  --endpoint URL     address of the server for readers, such as https://images.example/
  --bucket SOURCE    where the photographs are, for the compose file: s3://bucket/prefix, https://base/, a folder, or none
  --theme NAME       the theme's recipe (default: found in the configuration), or none
  --ci NAME          the recipe of the CI service (default: found in the site), or none
  --yes              write without a question
  --overwrite        replace files that differ from the recipe's
  --dry-run          show the changes and write nothing
  -h, --help         print this

It asks for what is missing, but only in a terminal. It never stores a token or a key. Exit code: 0 done; 1 something is
left to do by hand, or was refused; 2 it could not run, such as without a flag that it would have asked for.
`;

/** @throws CannotRun naming the wrong option. */
export function parseInit(argv: readonly string[]): InitCommand {
  const { endpoint, bucket, theme, ci, ...values } = readOptions("init", argv, options);
  for (const refused of [endpoint && endpointProblem(endpoint), bucket && bucketProblem(bucket)])
    if (refused) throw new CannotRun(refused);
  return {
    site: values.site ?? ".",
    ...(endpoint !== undefined && { endpoint }),
    ...(bucket !== undefined && { bucket }),
    ...(theme !== undefined && { theme }),
    ...(ci !== undefined && { ci }),
    yes: values.yes === true,
    overwrite: values.overwrite === true,
    dryRun: values["dry-run"] === true,
    help: values.help === true,
  };
}

/** Why this cannot be the endpoint; undefined if it can. */
export function endpointProblem(text: string): string | undefined {
  if (hasKeys(text)) return "the endpoint takes no user and password: every reader sees it";
  if (/^https?:\/\/[^/?#\s]+(?:\/[^?#\s]*)?$/.test(text) && URL.canParse(text)) return undefined;
  return `--endpoint takes a URL such as https://images.example/; it is ${text}`;
}

/** Why this cannot be the source; undefined if it can. */
export function bucketProblem(text: string): string | undefined {
  if (hasKeys(text)) return "the bucket takes no keys: they belong into the server's environment";
  if (text !== "" && !/[\s"'$]/.test(text)) return undefined;
  return `--bucket takes s3://bucket/prefix, https://base/, a folder, or none; it is ${text === "" ? "empty" : text}`;
}

/** Also where the scheme is wrong or missing: such a text is not printed. */
function hasKeys(text: string): boolean {
  return /^(?:[a-z0-9]+:\/*)?[^/?#]*@/i.test(text);
}

const options = {
  site: text,
  endpoint: text,
  bucket: text,
  theme: text,
  ci: text,
  yes: flag,
  overwrite: flag,
  "dry-run": flag,
  help: { ...flag, short: "h" },
} as const;
