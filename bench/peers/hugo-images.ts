import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Measured } from "../tools/measure/alternate.ts";
import { measureProgram } from "../tools/measure/command.ts";

/** The images that Hugo must make of one photograph. */
export interface HugoImages {
  readonly hugo: string;
  readonly folder: string;
  readonly photo: string;
  readonly widths: readonly number[];
  /** Hugo's format names: jpg, webp. */
  readonly formats: readonly string[];
  readonly quality: number;
}

/**
 * A site whose one page resizes a photograph with Hugo's own image processing, built from scratch at each run.
 * @returns the run. @throws Error if that Hugo does not build it.
 */
export async function hugoImages(what: HugoImages): Promise<() => Promise<Measured>> {
  const { hugo, folder, photo, widths, formats, quality } = what;
  const site = await mkdtemp(path.join(folder, "hugo-images-"));
  await mkdir(path.join(site, "layouts"));
  await mkdir(path.join(site, "assets"));
  await copyFile(photo, path.join(site, "assets", "photo.jpg"));
  await writeFile(
    path.join(site, "hugo.toml"),
    'baseURL = "https://blog.example/"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n',
  );
  const specs = widths.flatMap((width) => formats.map((format) => `"${width}x ${format} q${quality}"`));
  await writeFile(
    path.join(site, "layouts", "index.html"),
    `{{ $photo := resources.Get "photo.jpg" }}{{ range slice ${specs.join(" ")} }}<img src="{{ ($photo.Resize .).RelPermalink }}">{{ end }}\n`,
  );
  const run = async (): Promise<Measured> => {
    for (const made of ["public", "resources"])
      await rm(path.join(site, made), { recursive: true, force: true });
    const { cpuMs = 0, wallMs = 0 } = await measureProgram({
      file: hugo,
      args: ["--quiet", "--cacheDir", path.join(site, "cache")],
      cwd: site,
      log: path.join(site, "hugo.log"),
    });
    return { cpuMs, wallMs };
  };
  await run();
  return run;
}
