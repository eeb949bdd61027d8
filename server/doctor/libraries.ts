import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import type { Config } from "../config/load.ts";
import { NoEncoder } from "../encode/no-encoder.ts";
import { openEncoders, UNCONFINED, UnsafeLibraries } from "../open-encoders.ts";

/** Starts an encoder as the server does, and reads its libraries' versions. */
export async function diagnoseLibraries(config: Config): Promise<Diagnosis[]> {
  const line = linesOfCheck("libraries");
  const { pool, libraries, isConfined } = await openEncoders(config);
  try {
    const versions = await libraries;
    const named = Object.entries({ sharp: "sharp", vips: "libvips", heif: "libheif", webp: "libwebp" });
    const words = named.flatMap(([name, title]) =>
      versions[name] === undefined ? [] : [`${title} ${versions[name]}`],
    );
    return [line.ok(words.join(", ")), ...(isConfined() ? [] : [line.note(UNCONFINED)])];
  } catch (error) {
    if (error instanceof NoEncoder) return [line.problem(error.message)];
    if (error instanceof UnsafeLibraries) return error.message.split("; ").map(line.problem);
    throw error;
  } finally {
    pool.close();
  }
}
