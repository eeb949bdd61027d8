import { type ParseArgsConfig, parseArgs } from "node:util";
import { CannotRun } from "../cannot-run.ts";

/** An option with a value. */
export const text = { type: "string" } as const;

/** An option without a value. */
export const flag = { type: "boolean" } as const;

/**
 * The options of a command's line, by their names.
 * @throws CannotRun naming the option that the command does not have, or whose value is missing.
 */
export function readOptions<Options extends NonNullable<ParseArgsConfig["options"]>>(
  command: string,
  argv: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    // "npm exec" takes the options for itself, and passes their values on.
    const npm = words.startsWith("Unexpected argument")
      ? " (after npm exec, write -- before all options)"
      : "";
    throw new CannotRun(
      `${words.split(". ", 1)[0]}${npm}; imgproxy-lite ${command} --help lists the options`,
    );
  }
}
