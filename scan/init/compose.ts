import { readFile } from "node:fs/promises";
import path from "node:path";
import { packageRoot } from "../../contract/package.ts";
import { readText } from "../read-text.ts";
import type { Change } from "./change.ts";

/** The folder of the site that has the files of a server on one machine. */
const FOLDER = "imgproxy-lite";

/** Whether the site has them already. */
export async function hasCompose(site: string): Promise<boolean> {
  return (await textOf(path.join(site, FOLDER, "compose.yaml"))) !== undefined;
}

/**
 * The files of docs/machine for Compose, with the site's host and bucket. The settings, into which a person writes keys, are for this
 * machine alone: `.gitignore` comes first.
 * @param bucket the server's SOURCE; `none`: no files.
 */
export async function planCompose(
  site: string,
  bucket: string | undefined,
  endpoint: string,
): Promise<readonly Change[]> {
  if (bucket === undefined || bucket === "none" || (await hasCompose(site))) return [];
  const own = async (name: string) => await readFile(path.join(packageRoot, "docs/machine", name), "utf8");
  const isFolder = !/^[a-z0-9]+:\/\//i.test(bucket);
  const source = isFolder ? "/photographs" : bucket;
  const mount = isFolder ? path.relative(path.join(site, FOLDER), path.resolve(site, bucket)) : "";
  const settings = (await own("imgproxy-lite.env"))
    .replace(/^SOURCE=.*$/m, `SOURCE=${source}`)
    .replace(/^(?=S3_ENDPOINT=|AWS_)/gm, source.startsWith("s3://") ? "" : "# ");
  const host = new URL(endpoint).host;
  const files = {
    ".gitignore": "# It contains keys.\nimgproxy-lite.env\n",
    "imgproxy-lite.env": settings,
    Caddyfile: await own("Caddyfile"),
    "compose.yaml": (await own("compose.yaml"))
      .replaceAll("images.example", host)
      .replace(/# For SOURCE=\/photographs: (- ).*/, (line) =>
        isFolder ? `- ${mount}:/photographs:ro` : line,
      ),
  };
  const changes = await Promise.all(
    Object.entries(files).map(async ([name, after]) => {
      const file = path.posix.join(FOLDER, name);
      const before = await textOf(path.join(site, file));
      return before === after ? [] : [{ file, before, after }];
    }),
  );
  return changes.flat();
}

async function textOf(file: string): Promise<string | undefined> {
  return readText(file).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
}
