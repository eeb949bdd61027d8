import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface CdnFile {
  readonly body: Buffer;
  readonly contentType: string;
}

/**
 * Answers like a CDN of npm packages, with files of the package itself: themes load their lightboxes from such a CDN, and a
 * machine that runs tests can often reach only its registry.
 */
export class NpmCdn {
  readonly #cache: string;
  readonly #packages = new Map<string, Promise<string>>();

  constructor(cache: string) {
    this.#cache = cache;
  }

  /** @returns undefined for another address, a version that is not exact, or a package that cannot be fetched. */
  async find(url: string): Promise<CdnFile | undefined> {
    const match =
      /^https:\/\/(?:cdn\.jsdelivr\.net\/npm|unpkg\.com)\/((?:@[\w.-]+\/)?[\w.-]+)@(\d+\.\d+\.\d+)\/([\w./@-]+)$/.exec(
        url,
      );
    const [, name = "", version = "", file = ""] = match ?? [];
    if (match === null || file.split("/").includes("..")) return undefined;
    const spec = `${name}@${version}`;
    const folder = this.#packages.get(spec) ?? this.#unpack(spec);
    this.#packages.set(spec, folder);
    const body = await folder.then((root) => readFile(path.join(root, file))).catch(() => undefined);
    return body && { body, contentType: file.endsWith(".css") ? "text/css" : "text/javascript" };
  }

  async #unpack(spec: string): Promise<string> {
    const folder = path.join(this.#cache, spec.replace("/", "+"));
    const root = path.join(folder, "package");
    if (await readFile(path.join(root, "package.json")).catch(() => undefined)) return root;
    const part = `${folder}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", part, spec], {
      cwd: part,
    });
    await run("tar", ["-xzf", path.join(part, stdout.trim()), "-C", part]);
    await rm(folder, { recursive: true, force: true });
    await rename(part, folder);
    return root;
  }
}
