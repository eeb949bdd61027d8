import { readFile } from "node:fs/promises";
import path from "node:path";
import { packageRoot } from "../../contract/package.ts";
import { isLocal } from "../local-address.ts";
import { readText } from "../read-text.ts";
import type { Change } from "./change.ts";

/** The folder of the site that has the files of a server on one machine. */
const FOLDER = "imgproxy-lite";

export interface PlannedCompose {
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
}

/** Whether the site has them already. */
export async function hasCompose(site: string): Promise<boolean> {
  return (await textOf(path.join(site, FOLDER, "compose.yaml"))) !== undefined;
}

/**
 * The files of docs/machine for Compose, with the site's address and bucket. The settings, into which a person writes keys, are for this
 * machine alone: `.gitignore` comes first. Files that the site has already stay as they are.
 * @param bucket the server's SOURCE; `none`: no files.
 */
export async function planCompose(
  site: string,
  bucket: string | undefined,
  endpoint: string,
): Promise<PlannedCompose> {
  const { address, ports, basePath } = published(endpoint);
  const present = await textOf(path.join(site, FOLDER, "compose.yaml"));
  if (present !== undefined) return { changes: [], notes: otherAddress(present, address, ports) };
  if (bucket === undefined || bucket === "none") return { changes: [], notes: [] };
  const own = async (name: string) => await readFile(path.join(packageRoot, "docs/machine", name), "utf8");
  const isFolder = !/^[a-z0-9]+:\/\//i.test(bucket);
  const source = isFolder ? "/photographs" : bucket;
  const mount = isFolder ? path.relative(path.join(site, FOLDER), path.resolve(site, bucket)) : "";
  const settings = (await own("imgproxy-lite.env"))
    .replace(/^SOURCE=.*$/m, `SOURCE=${source}`)
    .replace(/^(?=S3_ENDPOINT=|AWS_)/gm, source.startsWith("s3://") ? "" : "# ");
  const files = {
    ".gitignore": "# It contains keys.\nimgproxy-lite.env\n",
    "imgproxy-lite.env": basePath === "/" ? settings : `${settings}BASE_PATH=${basePath}\n`,
    Caddyfile: await own("Caddyfile"),
    "compose.yaml": (await own("compose.yaml"))
      .replaceAll("images.example", address)
      .replace(/^( +ports: ).*$/m, (_, key: string) => key + written(ports))
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
  const keys = source.startsWith("s3://")
    ? `write the storage's address and keys into ${FOLDER}/imgproxy-lite.env, then `
    : "";
  return { changes: changes.flat(), notes: [`the server: ${keys}run docker compose up -d in ${FOLDER}/`] };
}

/** What a person changes in a compose file that has another address. */
function otherAddress(present: string, address: string, ports: readonly string[]): string[] {
  if (present.includes(`{IMAGES_HOST:-${address}}`) || !present.includes("{IMAGES_HOST:-")) return [];
  return [
    `${FOLDER}/compose.yaml is for another address: set its IMAGES_HOST to ${address}, and ports to ${written(ports)}`,
  ];
}

function written(ports: readonly string[]): string {
  return JSON.stringify(ports).replaceAll(",", ", ");
}

/** How Caddy is reached at the endpoint: the address of its site, the ports that its container publishes, and the server's path. */
function published(endpoint: string) {
  const { protocol, host, hostname, port, pathname } = new URL(endpoint);
  const basePath = pathname.endsWith("/") ? pathname : `${pathname}/`;
  if (protocol === "https:") {
    const own = port || "443";
    // Port 80 is for the certificate, and leads readers to HTTPS.
    return { address: host, ports: ["80:80", `${own}:${own}`, `${own}:${own}/udp`], basePath };
  }
  // Without a scheme in its address, Caddy would answer with HTTPS.
  const own = port || "80";
  const within = isLocal(endpoint) ? `${hostname.endsWith("localhost") ? "127.0.0.1" : hostname}:` : "";
  return { address: `http://${host}`, ports: [`${within}${own}:${own}`], basePath };
}

async function textOf(file: string): Promise<string | undefined> {
  return readText(file).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
}
