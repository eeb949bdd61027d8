import { nearKeys } from "../../contract/nearest.ts";
import { settings } from "./settings.ts";

/** Names of one word, such as PORT, are near to too many variables of other programs. */
const SHORTEST = 6;

/** One sentence for each variable of the environment that is no setting, but nearly the name of one that is not set. */
export function misspelt(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const names = Object.values(settings).flatMap(({ name, secret }) =>
    secret === undefined ? [name] : [name, `${name}_FILE`],
  );
  const unset = names.filter((name) => name.length >= SHORTEST && env[name] === undefined);
  return Object.keys(env)
    .filter((name) => name.length >= SHORTEST && /^[A-Za-z0-9_]+$/.test(name) && !names.includes(name))
    .flatMap((name) => {
      const [near] = nearKeys(name, unset);
      return near === undefined
        ? []
        : [`${name} is no setting, so it has no effect: did you mean ${near.key}?`];
    });
}
