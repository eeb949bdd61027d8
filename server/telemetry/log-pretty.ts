import type { LogDestination } from "./log-writer.ts";

/** Formats each JSON line of the log for people. */
export function readableLines(write: (text: string) => void): LogDestination {
  return { write: (line) => write(`${readable(JSON.parse(line))}\n`) };
}

function readable(line: unknown): string {
  const fields = isRecord(line) ? line : {};
  const { time, level, msg, error, ...rest } = fields;
  const clock = typeof time === "string" ? time.slice(11, 19) : "";
  const said = msg === "request" ? describeRequest(rest) : `${text(msg)}${describeFields(rest)}`;
  const mark = level === "info" ? "" : `${text(level)}: `;
  return `${clock} ${mark}${said}${describeCauses(error)}`;
}

/** `200 hit     34.1 kB    1.2 ms  trips/worms.jpg 800 q55 auto-aw`, in aligned columns. */
function describeRequest(fields: Readonly<Record<string, unknown>>): string {
  const ms = isRecord(fields.ms) ? fields.ms : {};
  const phases = Object.entries(ms).filter(([phase]) => phase !== "total");
  return [
    text(fields.status),
    text(fields.cache).padEnd(5),
    kilobytes(fields.bytes).padStart(10),
    `${text(ms.total)} ms`.padStart(10),
    "",
    ...["key", "variant", "code"].flatMap((name) => (name in fields ? [text(fields[name])] : [])),
    ...phases.map(([phase, milliseconds]) => `${phase}=${text(milliseconds)}`),
  ].join(" ");
}

function describeFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${text(value)}`)
    .join("");
}

/** The messages of an error and its causes, one a line; the stack is in the JSON. */
function describeCauses(error: unknown): string {
  if (!isRecord(error)) return error === undefined ? "" : `\n  ${text(error)}`;
  return `\n  ${text(error.name)}: ${text(error.message)}${describeCauses(error.cause)}`;
}

function kilobytes(bytes: unknown): string {
  return typeof bytes === "number" ? `${(bytes / 1000).toFixed(1)} kB` : "";
}

/** A key can contain any character, and a terminal executes some of them. */
function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  const plain = typeof value === "object" ? JSON.stringify(value) : String(value);
  return plain.replace(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
