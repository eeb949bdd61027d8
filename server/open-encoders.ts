import type { Config } from "./config/load.ts";
import type { SourceLimits } from "./encode/limits.ts";
import { type LibraryVersions, libraryProblems } from "./encode/minimum-versions.ts";
import { explainNoEncoder } from "./encode/no-encoder.ts";
import { findConfinement, unconfined } from "./encode/pool/confinement.ts";
import { createPool, type Pool } from "./encode/pool/pool.ts";
import { Repairable } from "./errors.ts";
import type { Log } from "./telemetry/log.ts";

/** The image libraries are too old for untrusted images. */
export class UnsafeLibraries extends Repairable {}

/** The encoders of a server; its first child is starting. */
export interface OpenEncoders {
  readonly pool: Pool;
  /**
   * The image libraries' versions, from the first child, because this process loads no image library; they are new enough for
   * untrusted images. @throws NoEncoder, UnsafeLibraries
   */
  readonly libraries: Promise<LibraryVersions>;
  /** Whether they run with Landlock; known when their libraries are. */
  isConfined(): boolean;
}

/** Said if encoders are not confined because the machine cannot do it. */
export const UNCONFINED =
  "encoders run without Landlock: the kernel does not have it, or /usr/bin/setpriv is older than util-linux 2.41";

/** @param log told if encoders do not start with Landlock, and run without it. */
export async function openEncoders(config: Config, log?: Pick<Log, "warn">): Promise<OpenEncoders> {
  let confinement = await findConfinement();
  const pool = createPool({
    slots: { live: config.encoders, warm: config.warmEncoders },
    deadlineMs: { live: config.encodeTimeout, warm: config.warmTimeout },
    maxJobs: { live: config.queueLimit, warm: 64 },
    maxWaitMs: { live: config.queueTimeout, warm: Math.max(60_000, config.warmTimeout) },
    worker: {
      confinement: () => confinement,
      ...(config.encoderUser !== undefined && { user: config.encoderUser }),
    },
    memoryBytes: config.encoderMemory,
    limits: sourceLimits(config),
    outputLimits: { avifPixels: config.maxAvifPixels },
    keepCopyright: config.keepCopyright === "on",
  });
  const libraries = refuseUnsafe(
    pool.libraries().catch((error: unknown) => {
      if (confinement === unconfined) throw error;
      log?.warn("encoders do not start with Landlock, so they run without it", { error });
      confinement = unconfined;
      return pool.libraries();
    }),
    config.encoderUser,
  );
  libraries.catch(() => undefined);
  return { pool, libraries, isConfined: () => confinement !== unconfined };
}

/** The limits of originals. */
export function sourceLimits(config: Config): SourceLimits {
  return {
    side: config.maxSide,
    pixels: config.maxPixels,
    frames: config.maxFrames,
    animationPixels: config.maxAnimationPixels,
    passThroughBytes: config.passThroughBytes,
  };
}

async function refuseUnsafe(
  libraries: Promise<LibraryVersions>,
  user: Config["encoderUser"],
): Promise<LibraryVersions> {
  const versions = await libraries.catch((error: unknown) => {
    throw explainNoEncoder(error, user);
  });
  const found = libraryProblems(versions);
  if (found.length > 0) throw new UnsafeLibraries(found.join("; "));
  return versions;
}
