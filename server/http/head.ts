import type { ServerResponse } from "node:http";

/** The head of an answer that is given over and over: the same but for its date and the request's id. */
export interface Head {
  /**
   * As `res.writeHead` does; a body may follow.
   * @param more names and values in turn that only this answer has.
   */
  write(res: ServerResponse, id: string, more?: readonly string[]): void;
}

/**
 * node:http looks at every name and value of a head each time that it writes it down, a sixth of a hit. So it does that
 * once, and what it has written (connection and keep-alive included) is given to later responses in the field where
 * node:http keeps it, with the new date and id. A Node without that field writes each head itself.
 * @param headers names and values in turn.
 */
export function createHead(status: number, headers: readonly string[]): Head {
  let known: Pieces | undefined;
  return {
    write(res, id, more) {
      if (known !== undefined && more === undefined && res.shouldKeepAlive && isUnwritten(res)) {
        res.statusCode = status;
        res._header = `${known.toId}${id}${known.toDate}${dateNow()}${known.toEnd}`;
        return;
      }
      res.writeHead(status, [...headers, ...(more ?? []), ID, id]);
      if (res.shouldKeepAlive && more === undefined) known ??= piecesOf(res, id);
    },
  };
}

// --- what node:http has written ---

const ID = "x-request-id";

/** A head around the values that differ, its line breaks and names included. */
interface Pieces {
  readonly toId: string;
  readonly toDate: string;
  readonly toEnd: string;
}

/** Node 20 to 24 keep a head that is written and not yet sent there; null before. */
interface WithHead {
  _header: string | null;
}

function isUnwritten(res: ServerResponse): res is ServerResponse & WithHead {
  return "_header" in res && res._header === null;
}

function piecesOf(res: ServerResponse, id: string): Pieces | undefined {
  const text = "_header" in res && typeof res._header === "string" ? res._header : "";
  const [, toId, toDate, toEnd] =
    /^(.*?\r\nx-request-id: )[^\r]*(\r\n.*?Date: )[^\r]*(\r\n.*)$/s.exec(text) ?? [];
  if (toId === undefined || toDate === undefined || toEnd === undefined) return undefined;
  return text.startsWith(`${toId}${id}\r\n`) ? { toId, toDate, toEnd } : undefined;
}

// --- dates ---

/** RFC 9110 §6.6.1; the same for a second. */
function dateNow(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== last.second) last = { second, text: new Date(second * 1000).toUTCString() };
  return last.text;
}

let last = { second: 0, text: "" };
