import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import { type Config, InvalidConfig, InvalidFlags, loadConfig, type Switches } from "../config/load.ts";
import { askHealth } from "../http/health.ts";
import { diagnoseLibraries } from "./libraries.ts";
import { diagnoseSource } from "./source.ts";
import { diagnoseVolume } from "./volume.ts";

/** A server's settings, or what is wrong with them. */
export type ReadServer = { readonly switches: Pick<Switches, "help" | "json"> } & (
  | { readonly config: Config; readonly misspelt: readonly string[] }
  | { readonly problems: readonly string[] }
);

/** @throws InvalidFlags */
export function readServer(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ReadServer {
  try {
    return loadConfig("doctor", argv, env);
  } catch (error) {
    if (!(error instanceof InvalidConfig) || error instanceof InvalidFlags) throw error;
    return { switches: { help: false, json: argv.includes("--json") }, problems: error.problems };
  }
}

/** Checks settings, source, cache volume, libraries and whether the server lives, in the order of the manual's table. */
export async function diagnoseServer(read: ReadServer): Promise<readonly Diagnosis[]> {
  const line = linesOfCheck("settings");
  if ("problems" in read) return read.problems.map(line.problem);
  const { config } = read;
  return [
    line.ok("they are valid"),
    ...read.misspelt.map(line.note),
    ...(config.token.length === 0
      ? [
          line.note(
            "TOKEN is not set, so there is no /api, and a publish makes the same requests as a reader",
          ),
        ]
      : []),
    ...(await diagnoseSource(config)),
    ...(await diagnoseVolume(config)),
    ...(await diagnoseLibraries(config)),
    await diagnoseProcess(config),
  ];
}

/** What must not be printed. */
export function secretsOf(read: ReadServer): readonly string[] {
  if ("problems" in read) return [];
  const { token, signingKeys, awsAccessKeyId, awsSecretAccessKey } = read.config;
  return [...token, ...signingKeys, awsAccessKeyId, awsSecretAccessKey];
}

async function diagnoseProcess({ adminPort }: Config): Promise<Diagnosis> {
  const line = linesOfCheck("process");
  const words = await askHealth(adminPort, 4_000);
  if (words === undefined) return line.ok(`a server lives on ADMIN_PORT ${adminPort}`);
  return line.note(`no server runs here (${words})`);
}
