import { printableText } from "../command-line/printable-text.ts";
import { openTerminal } from "../init/ask.ts";
import { initSite } from "../init/init.ts";
import { initHelp, parseInit } from "../init/options.ts";
import { environmentName } from "../site/config/environment.ts";
import { installedHugo, NEWEST_HUGO, parseHugoMinor } from "../site/hugo-version.ts";
import type { Asked } from "./site-options.ts";

/** Prepares a site. @returns the exit code. */
export async function runInit(
  argv: readonly string[],
  env: Asked["env"],
  signal: AbortSignal,
): Promise<number> {
  const { site, help: asksHelp, ...command } = parseInit(argv);
  if (asksHelp) {
    process.stdout.write(initHelp);
    return 0;
  }
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const hugo = await installedHugo();
  return initSite({
    ...command,
    site: {
      folder: site,
      environment: environmentName(env) ?? "production",
      variables: env,
      hugoMinor: parseHugoMinor(hugo ?? "") ?? NEWEST_HUGO,
    },
    terminal: isTerminal ? openTerminal(process, signal) : undefined,
    print: (text) => process.stdout.write(printableText(text)),
  });
}
