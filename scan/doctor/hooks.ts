import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import { hookRemedy, hookWords, otherHooks } from "../site/hook-conflicts.ts";
import { NOT_IMPORTED } from "../site/module-import.ts";
import type { Module } from "../site/modules/modules.ts";
import type { Site } from "../site/site.ts";

/** Whether the module and the themes are imported and on this machine. */
export function diagnoseModule({ modules, templates }: Site): Diagnosis[] {
  const line = linesOfCheck("module");
  const absent = modules.filter(({ folder }) => folder === undefined);
  const own = modules.find(isOurs);
  const there = templates.find(({ ours, file }) => ours && file !== "");
  const rest = absent.filter((module) => module !== own).map(absentTheme);
  if (own !== undefined && own.folder === undefined)
    return [
      line.problem(
        `${own.name} is imported, but it is not on this machine: run npm ci, or hugo mod get, as the manual's “Every way to install it” says for this site`,
      ),
      ...rest,
    ];
  if (there === undefined) return [line.problem(NOT_IMPORTED), ...rest];
  return [line.ok(own === undefined ? `${there.file} calls the module's templates` : own.name), ...rest];
}

/** Whether Hugo uses the module's hook on all pages. */
export function diagnoseHooks({ templates, languages, silenced }: Site): Diagnosis[] {
  const line = linesOfCheck("hook");
  const folders = new Set(["", ...templates.map(({ section }) => (section === "" ? "" : `${section}/`))]);
  const pages = [...folders].flatMap((folder) => languages.map((language) => ({ folder, language })));
  const found = [
    ...otherHooks(templates, pages).map((hook) => line.problem(`${hookWords(hook)}: ${hookRemedy(hook)}`)),
    ...silenced.map(line.problem),
  ];
  return found.length > 0 ? found : [line.ok("Hugo uses the module's hook on all pages")];
}

/** The module, also that of a fork. */
export function isOurs({ name }: Pick<Module, "name">): boolean {
  return /(?:^|\/)imgproxy-lite$/.test(name);
}

function absentTheme({ name }: Module): Diagnosis {
  const line = linesOfCheck("theme");
  // A module of Go has a host; it may be in a cache that only hugo knows.
  if (/^[^/]*\.[^/]*\//.test(name))
    return line.note(`${name} is not on this machine: hugo fetches it when it builds, which needs Go`);
  return line.problem(
    `themes/${name} does not exist: run git submodule update --init, or correct the name of the theme`,
  );
}
