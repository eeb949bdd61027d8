import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { openApt } from "../../dev/machine/apt.ts";
import { projectRoot } from "./paths.ts";

/** Fourteen photographs by several people, up to 17 megapixels, under Creative Commons licences. */
const PACKAGE = "lomiri-wallpapers-16.04";

/** Its fifteenth picture, a gradient. */
const DRAWING = "umang_by_Abhishek_Mudgal.jpg";

/**
 * The photographs of a Debian package. They are among those that quality.ts was corrected with. It is unpacked below `.cache/`, once.
 * @returns their folder. @throws Error if apt cannot download it.
 */
export async function debianPhotos(): Promise<string> {
  const folder = path.join(projectRoot, ".cache", "bench", "apt");
  await mkdir(folder, { recursive: true });
  const known = (await readdir(folder)).find(
    (name) => name.startsWith(`${PACKAGE}_`) && !name.endsWith(".part"),
  );
  const unpacked = known === undefined ? await unpack(folder) : path.join(folder, known);
  const photos = path.join(unpacked, "usr/share/backgrounds");
  await rm(path.join(photos, DRAWING), { force: true });
  return photos;
}

async function unpack(folder: string): Promise<string> {
  const apt = await openApt(folder);
  const version = (await apt.versions(PACKAGE)).at(-1);
  if (version === undefined) throw new Error(`apt has no package ${PACKAGE} here`);
  return apt.unpack(PACKAGE, version);
}
