import { CannotRun } from "../cannot-run.ts";
import type { Answer } from "./client.ts";

/**
 * Something answers in the server's place: a challenge of a CDN, a login, a firewall; or, where all looks well, another
 * server at a wrong endpoint. Neither a photograph nor the token is at fault.
 */
export class InFront extends CannotRun {
  /** @param seen as {@link seenIn} has it. */
  constructor(url: string, seen: string) {
    const { origin } = new URL(url);
    super(
      seen.startsWith("answers 2")
        ? `${origin} is not an imgproxy-lite server: it ${seen}. Is --endpoint right? If it is, something before the server answers in its place, such as a login: let this machine through there`
        : `something before the server refuses this machine: ${origin} ${seen}. Let this machine through there, or give --endpoint an address at which it reaches the server`,
    );
  }
}

/** What came in the place of the server's answer: `answers 403 (text/html, "Just a moment...", from cloudflare)`. */
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

/** Cloudflare's, which no program passes, however often it asks: with 403, and with 503 before. */
export function isChallenge(answer: Answer): boolean {
  return answer.header("cf-mitigated") !== "";
}

/** Of a page: what its author calls it is what a person can look for. */
function titleOf(html: string): string {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(html.slice(0, 100_000))?.[1]?.trim();
  return title === undefined || title === "" ? "" : JSON.stringify(shortened(title));
}

/** One line for a terminal, whatever a stranger has written. */
function shortened(text: string): string {
  const line = text.replace(/[\s\p{C}]+/gu, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
