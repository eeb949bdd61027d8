/** The values of an `application/x-ndjson` body, as they come. @throws SyntaxError for a line that is no JSON. */
export async function* ndjsonLines(response: Response): AsyncGenerator<unknown> {
  if (response.body === null) return;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line);
  }
  if (rest.trim() !== "") yield JSON.parse(rest);
}
