import { CannotRun } from "../cannot-run.ts";
import type { Answer } from "./client.ts";

/**
 * Something between this machine and the server answers in its place: a challenge of a CDN, a login, a firewall. Neither
 * a photograph nor the token is at fault.
 */
export class InFront extends CannotRun {
  /** @param seen as {@link seenIn} has it. */
  constructor(url: string, seen: string) {
    super(
      `something before the server refuses this machine: ${new URL(url).origin} ${seen}. Let this machine through there, or give --endpoint an address at which it reaches the server`,
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
