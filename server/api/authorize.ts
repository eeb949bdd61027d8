import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { BlockList } from "node:net";
import type { H3Event } from "h3";
import { Problem } from "../errors.ts";
import { isTrusted } from "../http/client-address.ts";

/** Who may call the API. */
export interface Access {
  /** Valid tokens; several during a rotation. */
  readonly tokens: readonly string[];
  /** Whether programs and pages of this machine may read without a token: development mode. */
  readonly local: boolean;
}

/**
 * Admits a call that has a token, and in development mode a call from this machine that only reads.
 * @param reads whether the call only reads and may be open to this machine.
 * @throws Problem `bad-token`; `not-local`; `no-route` if neither could be admitted: then the API does not exist.
 */
export function authorize(event: H3Event, { tokens, local }: Access, reads: boolean): void {
  const isOpen = local && reads;
  if (tokens.length === 0 && !isOpen) throw new Problem("no-route");
  const header = event.req.headers.get("authorization");
  if (isOpen && header === null) {
    const request = event.runtime?.node?.req;
    if (request !== undefined && isLocal(request)) return;
    if (tokens.length === 0) throw new Problem("not-local");
  }
  checkToken(header, tokens);
}

/** Compared by hash: equal lengths, and constant time whichever token it is. */
function checkToken(header: string | null, tokens: readonly string[]): void {
  const given = digest(/^Bearer +([^ ].*)$/i.exec(header ?? "")?.[1] ?? "");
  if (!tokens.map((token) => timingSafeEqual(given, digest(token))).includes(true))
    throw new Problem("bad-token");
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

// --- this machine ---

/**
 * Whether a request comes from a program of this machine, or from a page that this machine serves. A page of another site that
 * is open in a browser here also connects from loopback: its Origin gives it away, or, if its name was made to lead here (DNS
 * rebinding), its Host. A proxy on this machine connects from loopback for others, and names them.
 */
export function isLocal({ socket, headers, rawHeaders }: LocalRequest): boolean {
  const isForwarded = rawHeaders.some(
    (name, at) => at % 2 === 0 && /^(?:forwarded|x-forwarded-.*|x-real-ip|via)$/i.test(name),
  );
  return (
    isTrusted(socket.remoteAddress ?? "", loopback) &&
    !isForwarded &&
    isOwnName(headers.host) &&
    (headers.origin === undefined || isOwnOrigin(headers.origin))
  );
}

type LocalRequest = Pick<IncomingMessage, "headers" | "rawHeaders"> & {
  readonly socket: { readonly remoteAddress?: string | undefined };
};

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** `Host`, or an Origin without its scheme. */
function isOwnName(host: string | undefined): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(host ?? "");
}

function isOwnOrigin(origin: string): boolean {
  return /^https?:\/\//.test(origin) && isOwnName(origin.replace(/^https?:\/\//, ""));
}
