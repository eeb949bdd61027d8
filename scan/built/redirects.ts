import path from "node:path";
import { parse } from "smol-toml";
import { decodeOnce } from "../../contract/url/escape.ts";
import { trimSlashes } from "../../contract/url/url.ts";
import { readText } from "../read-text.ts";

/** A host's rules for addresses that are not files, in order. */
export type Redirects = readonly Redirect[];

interface Redirect {
  readonly from: RegExp;
  /** With `:name` and `:splat`. */
  readonly to: string;
}

/**
 * The rules of Netlify and Cloudflare Pages: `_redirects` of the built site, and `netlify.toml` beside it.
 * @see https://docs.netlify.com/routing/redirects/
 */
export async function readRedirects(built: string, site: string): Promise<Redirects> {
  const text = await readText(path.join(built, "_redirects")).catch(() => "");
  const toml = await readText(path.join(site, "netlify.toml")).catch(() => "");
  return [...text.split("\n").flatMap(parseLine), ...parseToml(toml)];
}

/**
 * Whether a host answers a path with an image: with a file of the site, or from elsewhere.
 * @param isFile whether the site has a file for a path below it.
 */
export function isServed(
  pathname: string,
  redirects: Redirects,
  isFile: (path: string) => boolean,
  rounds = 5,
): boolean {
  for (const { from, to } of redirects) {
    const match = from.exec(pathname);
    if (match === null) continue;
    const target = to.replace(/:([a-z_]\w*)/gi, (whole, name: string) => match.groups?.[name] ?? whole);
    if (/^https?:\/\//i.test(target)) return true;
    const [below = ""] = target.replace(/^\/+/, "").split(/[?#]/);
    // A catch-all rule returns a page instead of an image.
    if (/\.html?$|\/$|^$/i.test(below)) return false;
    if (isFile(decodeOnce(below)) || target.startsWith("/.netlify/")) return true;
    return rounds > 1 && target !== pathname && isServed(target, redirects, isFile, rounds - 1);
  }
  return false;
}

// --- rules ---

/** `/from [name=:value …] /to [status] [Condition=…]` */
function parseLine(line: string): Redirect[] {
  const [from = "", ...rest] = line
    .replace(/(?:^|\s)#.*$/, "")
    .trim()
    .split(/\s+/);
  const at = rest.findIndex((word) => /^(?:\/|https?:\/\/)/i.test(word));
  const to = rest[at];
  if (from === "" || to === undefined) return [];
  return rule(from, to, rest[at + 1] ?? "301");
}

function parseToml(text: string): Redirect[] {
  try {
    const { redirects } = parse(text);
    if (!Array.isArray(redirects)) return [];
    return redirects.flatMap((one: unknown) => {
      if (typeof one !== "object" || one === null || !("from" in one) || !("to" in one)) return [];
      return rule(String(one.from), String(one.to), "status" in one ? String(one.status) : "301");
    });
  } catch {
    // Netlify reports errors in it.
    return [];
  }
}

function rule(from: string, to: string, status: string): Redirect[] {
  if (!/^(?:200|30[12378])!?$/.test(status)) return [];
  const [path = ""] = from.replace(/^https?:\/\/[^/]*/i, "").split("?");
  const pattern = trimSlashes(path)
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replace(/:([a-z_]\w*)/gi, "(?<$1>[^/]+)")
    .replace(/\*/g, () => "(?<splat>.*)");
  try {
    return [{ from: new RegExp(`^${pattern}/?$`), to }];
  } catch {
    return [];
  }
}
