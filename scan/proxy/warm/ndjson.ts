import type { Answer } from "../client.ts";

/** The values of an `application/x-ndjson` body, as they arrive. @throws SyntaxError for a line that is not JSON. */
export async function* ndjsonLines(answer: Answer): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of answer.chunks()) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line);
  }
  if (rest.trim() !== "") yield JSON.parse(rest);
}
