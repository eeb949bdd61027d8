import { cp, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openApt } from "../../dev/machine/apt.ts";
import { withLock } from "../../dev/machine/lock.ts";
import { exists } from "./rootfs.ts";

/**
 * What of Debian 13 is in our image: commands from the build's base, and the libraries of both bases. The Node 26 that npm has links to
 * libatomic.
 */
const packages = [
  "libc6",
  "libgcc-s1",
  "libstdc++6",
  "libatomic1",
  "libcap-ng0",
  "libsmartcols1",
  "util-linux",
];

const cache = fileURLToPath(new URL("../../.cache/debian13", import.meta.url));

/** A folder with these packages, as they lie below `/`; `/` itself, with a line that says why, if apt cannot download them. */
export async function debianRoot(): Promise<string> {
  // Another list is another folder.
  const root = path.join(cache, packages.join("_"));
  return await withLock(cache, async () => {
    if (exists(root)) return root;
    try {
      const apt = await openApt(path.join(cache, "apt"), ["trixie"]);
      await rm(`${root}.part`, { recursive: true, force: true });
      await mkdir(`${root}.part`);
      for (const name of packages) {
        const version = (await apt.versions(name)).at(-1) ?? "";
        await cp(await apt.unpack(name, version), `${root}.part`, {
          recursive: true,
          verbatimSymlinks: true,
        });
      }
      await rename(`${root}.part`, root);
      return root;
    } catch (cause) {
      if (process.env.CI === "true") throw cause;
      console.log(
        `skipped: the image with Debian 13's commands and libraries, which apt cannot download: ${cause}`,
      );
      return "/";
    }
  });
}
