import { CannotRun } from "../cannot-run.ts";
import type { Progress } from "../progress.ts";
import type { ScanOptions } from "../scan.ts";
import { installedHugo, NEWEST_HUGO, parseHugoMinor } from "../site/hugo-version.ts";
import type { CommandLine } from "./scan-options.ts";

/** What a command has besides its line. */
export interface Asked {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** The options of a scan, of a check, or of the doctor. @throws CannotRun for an unknown version of Hugo. */
export async function optionsOf(
  command: CommandLine,
  { env, signal, progress }: Asked,
): Promise<ScanOptions> {
  const { site: folder, environment, endpoint, publish, ...rest } = command;
  const [site, name] = publish?.split("/") ?? [];
  const commit = commitVariables.map((name) => env[name]).find(Boolean);
  return {
    ...rest,
    pictured: command.report !== undefined,
    site: {
      folder,
      environment,
      variables: env,
      hugoMinor: await hugoMinorOf(command),
      ...(endpoint !== undefined && { endpoint }),
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(site !== undefined && name !== undefined && { publish: { site, name } }),
    ...(commit !== undefined && { commit }),
    now: new Date(),
    signal,
    progress,
  };
}

/** GitHub and Forgejo, GitLab and Woodpecker, Netlify, Cloudflare's Pages and Workers. */
const commitVariables = [
  "GITHUB_SHA",
  "CI_COMMIT_SHA",
  "COMMIT_REF",
  "CF_PAGES_COMMIT_SHA",
  "WORKERS_CI_COMMIT_SHA",
];

async function hugoMinorOf({ hugoVersion }: CommandLine): Promise<number> {
  const version = hugoVersion ?? (await installedHugo());
  if (version === undefined) return NEWEST_HUGO;
  const minor = parseHugoMinor(version);
  if (minor === undefined)
    throw new CannotRun(`--hugo-version takes a version such as 0.111.3; it is ${version}`);
  return minor;
}
