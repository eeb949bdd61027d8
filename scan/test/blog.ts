import { readFile } from "node:fs/promises";
import { decodeEntities } from "../content/references/html.ts";
import { type RunOptions, run } from "./command.ts";

/** Every URL that the site's pages request, according to a dry run. */
export async function scanned(
  folder: string,
  hugoVersion: string,
  env: RunOptions["env"] = {},
  runScan: typeof run = run,
): Promise<string[]> {
  const { stdout, stderr } = await runScan(
    ["--site", folder, "--dry-run", "--json", "--hugo-version", hugoVersion],
    { env },
  );
  const report: unknown = JSON.parse(stdout || "null");
  if (typeof report === "object" && report !== null && "urls" in report && Array.isArray(report.urls))
    return report.urls.map(String);
  throw new Error(`the scan printed no URLs: ${stderr}`);
}

/** The proxy's URLs in a page, without fragments, by attribute; it does not use the code under test. */
export function urlsIn(html: string, endpoint = "https://images.example/"): Set<string> {
  const attributes = [...html.matchAll(/\s(?:src|srcset|href|content)=(?:"([^"]*)"|'([^']*)'|([^\s>]+))/g)];
  const values = attributes.map(([, double, single, bare]) =>
    // In a feed's escaped HTML, quotes are escaped too.
    decodeEntities(double ?? single ?? bare ?? "").replace(/^["']|["'].*$/gs, ""),
  );
  const urls = values.flatMap((value) => value.split(/,?\s+/)).map((url) => url.replace(/#.*/s, ""));
  return new Set(
    urls.filter((url) => url.startsWith(endpoint) && /\?(?:(?:ar|fm|fp)=[^&]+&)*img=/.test(url)),
  );
}

/** The manifest of a site. */
export async function manifestOf(folder: string): Promise<{ readonly images: object }> {
  return JSON.parse(await readFile(`${folder}/assets/imgproxy.json`, "utf8"));
}
