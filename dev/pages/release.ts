import { readFileSync } from "node:fs";

/** Where this project is published. */
export interface Release {
  readonly version: string;
  /** Address of the repository, for people: `https://github.com/owner/name`. */
  readonly repository: string;
  /** What `npm install` takes: one file with scanner, server and Hugo module. */
  readonly file: string;
  /** What `npm install` takes to build the package itself. */
  readonly git: string;
  /** Name of the container image, without a tag. */
  readonly image: string;
}

/**
 * The addresses of a release. package.json is the only file that names the repository; `npm run docs` writes the others. A fork
 * changes `repository` there and runs it.
 */
export function readRelease(manifest: string = readManifest()): Release {
  const { version, repository }: { version: string; repository: string } = JSON.parse(manifest);
  return {
    version,
    repository,
    file: `${repository}/releases/download/v${version}/imgproxy-lite-${version}.tgz`,
    git: `git+${repository}.git#v${version}`,
    image: `ghcr.io${new URL(repository).pathname.toLowerCase()}`,
  };
}

function readManifest(): string {
  // Beside package.json both in the sources (dev/) and in the build (dist/dev/).
  const up = import.meta.url.endsWith(".ts") ? "../../package.json" : "../../../package.json";
  return readFileSync(new URL(up, import.meta.url), "utf8");
}
