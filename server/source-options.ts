import type { Config } from "./config/load.ts";
import type { OpenSourceOptions } from "./source/open.ts";
import { timeoutsFor } from "./source/remote/timeouts.ts";

/** The prefix of each of several sources; that of one source is empty. */
export function sourcePrefixes({ source, sources }: Config): readonly string[] {
  return source === undefined ? sources.map(({ prefix }) => prefix) : [""];
}

/** The setting that names a source. */
export function sourceName(prefix: string): string {
  return prefix === "" ? "SOURCE" : `SOURCES, ${prefix}`;
}

/** How the configuration's source is opened. */
export function sourceOptions(config: Config): OpenSourceOptions {
  const { source, sources, sourceTimeout, s3Endpoint, awsRegion } = config;
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey } = config;
  return {
    source,
    sources,
    checkMs: config.dev === "on" ? 0 : config.sourceCheckInterval,
    timeouts: timeoutsFor(sourceTimeout),
    s3: {
      region: awsRegion,
      forcePathStyle: config.s3ForcePathStyle === "on",
      ...(s3Endpoint !== "" && { endpoint: s3Endpoint }),
      ...(accessKeyId !== "" && { credentials: { accessKeyId, secretAccessKey } }),
    },
  };
}
