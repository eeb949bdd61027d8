import { printableJson } from "../../contract/printable.ts";
import { printableText } from "../command-line/printable-text.ts";
import { moveSite } from "../move/move.ts";
import { moveHelp, parseMove } from "../move/options.ts";
import { formatMove, moveJson } from "../move/report.ts";
import { openTarget } from "../move/target/open.ts";
import { createProgress, quietProgress } from "../progress.ts";
import { environmentName } from "../site/config/environment.ts";
import { installedHugo, NEWEST_HUGO, parseHugoMinor } from "../site/hugo-version.ts";
import type { Asked } from "./site-options.ts";

/** Moves a site's photographs to the bucket. @returns the exit code. */
export async function runMove(
  argv: readonly string[],
  env: Asked["env"],
  signal: AbortSignal,
): Promise<number> {
  const command = parseMove(argv);
  if (command === undefined) {
    process.stdout.write(moveHelp);
    return 0;
  }
  // Neither Hugo nor git gets the keys that may write.
  const variables = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("MOVE_AWS_")));
  const { target, folder: targetFolder } = await openTarget(command.to, env);
  const options = command.hugo.findIndex((word) => word.startsWith("-"));
  const hugo = await installedHugo(options === -1 ? command.hugo : command.hugo.slice(0, options));
  try {
    const result = await moveSite({
      ...command,
      site: {
        folder: command.site,
        environment: command.environment ?? environmentName(env) ?? "production",
        variables,
        hugoMinor: parseHugoMinor(hugo ?? "") ?? NEWEST_HUGO,
      },
      target,
      targetFolder,
      now: new Date(),
      signal,
      progress: command.json ? quietProgress(process.stderr) : createProgress(process.stderr),
    });
    process.stdout.write(
      command.json ? `${printableJson(moveJson(result))}\n` : printableText(formatMove(result)),
    );
    return result.problems.size > 0 ? 1 : 0;
  } finally {
    await target.close();
  }
}
