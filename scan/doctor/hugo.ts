import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import { compareVersions, installedHugo, OLDEST_HUGO } from "../site/hugo-version.ts";

/** @param named the version that the command names instead of the installed one. */
export async function diagnoseHugo(named: string | undefined): Promise<Diagnosis[]> {
  const line = linesOfCheck("hugo");
  const version = named ?? (await installedHugo());
  if (version === undefined)
    return [
      line.problem(
        `there is no hugo on PATH: install Hugo ${OLDEST_HUGO} or newer (https://gohugo.io/installation/), or name the version that builds the site with --hugo-version`,
      ),
    ];
  if (compareVersions(version, OLDEST_HUGO) < 0)
    return [line.problem(`Hugo ${version} is too old: install ${OLDEST_HUGO} or newer`)];
  return [line.ok(`Hugo ${version}${named === undefined ? "" : ", as --hugo-version says"}`)];
}
