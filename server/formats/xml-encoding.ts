/**
 * The start of a document converted to UTF-8, if its byte order mark, its first character or its declaration names another encoding
 * (XML 1.0 appendix F); otherwise the same bytes. An unknown encoding is read as Latin-1: a root element is ASCII in all of them.
 * Never throws.
 */
export function toUtf8(head: Buffer): Buffer {
  const encoding = encodingOf(head);
  return encoding === undefined ? head : Buffer.from(decoderOf(encoding).decode(head));
}

/** A declaration is at the very start, and short. */
const DECLARATION_BYTES = 256;

function encodingOf(head: Buffer): string | undefined {
  const start = head.toString("latin1", 0, DECLARATION_BYTES);
  if (start.startsWith("\xff\xfe") || start.startsWith("<\0")) return "utf-16le";
  if (start.startsWith("\xfe\xff") || start.startsWith("\0<")) return "utf-16be";
  const [, named = "utf-8"] =
    /^<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(start) ?? [];
  // Text that is readable as ASCII is not in 16 bits, whatever it says.
  return /^utf-?(?:8|16)/i.test(named) ? undefined : named;
}

function decoderOf(encoding: string) {
  try {
    return new TextDecoder(encoding);
  } catch {
    return new TextDecoder("latin1");
  }
}
