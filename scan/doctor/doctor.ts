import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import { CannotRun, InvalidParams, NoSite } from "../cannot-run.ts";
import { Unanswered } from "../proxy/request.ts";
import type { SessionOptions } from "../proxy/session.ts";
import { loadSite, type Site, type SiteOptions } from "../site/site.ts";
import { diagnoseEdge } from "./edge.ts";
import { diagnoseHooks, diagnoseModule } from "./hooks.ts";
import { diagnoseHugo } from "./hugo.ts";
import { diagnosePhotographs } from "./photographs.ts";
import { diagnoseServer } from "./server.ts";
import { diagnoseSettings } from "./settings.ts";

export interface DoctorOptions extends SessionOptions {
  readonly site: SiteOptions;
  /** The version that builds the site, if the command names it. */
  readonly hugoVersion?: string;
}

/**
 * Checks a site and the server that it names, in the order of the manual's table. A check that needs the result of a failed one is
 * left out. It writes nothing.
 * @throws NoSite for a folder without a Hugo site; the signal's reason when it aborts.
 */
export async function diagnoseSite(options: DoctorOptions): Promise<readonly Diagnosis[]> {
  const hugo = await diagnoseHugo(options.hugoVersion);
  const read = await readSite(options.site);
  if ("faults" in read) return [...hugo, ...read.faults];
  const { site } = read;
  const line = linesOfCheck("site");
  const ofModule = diagnoseModule(site);
  const isImported = !ofModule.some(({ check, state }) => check === "module" && state === "problem");
  const ofSite = [
    line.ok(`${site.folder}, ${site.languages.map(({ name }) => name).join(", ")}; ${site.configFile}`),
    ...hugo,
    ...ofModule,
    ...(isImported ? diagnoseHooks(site) : []),
    ...diagnoseSettings(site),
  ];
  const server = await diagnoseServer(site, options);
  if (!server.isUsable) return [...ofSite, ...server.found];
  const { token: _, ...asReader } = options;
  const asking = { ...asReader, ...(server.token !== undefined && { token: server.token }) };
  const photographs = await settled("photographs", () => diagnosePhotographs(site, asking));
  if (!("shown" in photographs)) return [...ofSite, ...server.found, photographs];
  const edge = await diagnoseEdge(site, asReader, photographs.shown);
  return [...ofSite, ...server.found, ...photographs.found, ...edge];
}

/** The result, or a problem if the server does not answer or something else does. */
async function settled<Result>(check: string, work: () => Promise<Result>): Promise<Result | Diagnosis> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CannotRun || error instanceof Unanswered)
      return linesOfCheck(check).problem(error.message);
    throw error;
  }
}

/** @throws NoSite */
async function readSite(
  options: SiteOptions,
): Promise<{ readonly site: Site } | { readonly faults: readonly Diagnosis[] }> {
  try {
    return { site: await loadSite(options) };
  } catch (error) {
    if (!(error instanceof CannotRun) || error instanceof NoSite) throw error;
    if (!(error instanceof InvalidParams)) return { faults: [linesOfCheck("site").problem(error.message)] };
    return { faults: error.message.split("\n").map(linesOfCheck("parameters").problem) };
  }
}
