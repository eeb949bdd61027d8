import { CannotRun } from "../cannot-run.ts";
import type { Answer } from "./client.ts";

/**
 * Something else answers instead of the server: a challenge of a CDN, a login, a firewall; or another server, because the
 * endpoint is wrong. Neither a photograph nor the token is at fault.
 */
export class InFront extends CannotRun {
  /** @param seen from {@link seenIn}. */
  constructor(url: string, seen: string) {
    const { origin } = new URL(url);
    super(wordsFor(origin, seen));
  }
}

function wordsFor(origin: string, seen: string): string {
  if (seen.startsWith("answers 2"))
    return `${origin} is not an imgproxy-lite server: it ${seen}. Is --endpoint right? If it is, something in front of the server answers instead, such as a login: exempt this machine there`;
  if (/^answers 3\d\d \(to https?:/.test(seen))
    return `${origin} ${seen}: the scan follows no redirect. Set the endpoint, or --endpoint, to the address of the server itself; often it is the same with https://. If it leads to a login, exempt this machine there`;
  return `something in front of the server refuses this machine: ${origin} ${seen}. Exempt this machine there, or give --endpoint an address that reaches the server directly`;
}

/** Describes an answer that is not the server's: `answers 403 (text/html, "Just a moment...", from cloudflare)`. */
export async function seenIn(answer: Answer): Promise<string> {
  const type = answer.header("content-type").split(";")[0]?.trim() ?? "";
  const location = answer.header("location");
  const details = [
    location === "" ? "" : `to ${shortened(location)}`,
    type,
    /html/i.test(type) ? titleOf(await answer.text()) : "",
    answer.header("server") === "" ? "" : `from ${shortened(answer.header("server"))}`,
    isChallenge(answer) ? "a challenge for browsers" : "",
  ].filter((detail) => detail !== "");
  return `answers ${answer.status}${details.length === 0 ? "" : ` (${details.join(", ")})`}`;
}

/** Cloudflare's challenge, which no program can pass, however often it tries: 403, earlier 503. */
export function isChallenge(answer: Answer): boolean {
  return answer.header("cf-mitigated") !== "";
}

/** Title of a page, which people can recognise. */
function titleOf(html: string): string {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(html.slice(0, 100_000))?.[1]?.trim();
  return title === undefined || title === "" ? "" : JSON.stringify(shortened(title));
}

/** One line for a terminal, from untrusted text. */
function shortened(text: string): string {
  const line = text.replace(/[\s\p{C}]+/gu, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
