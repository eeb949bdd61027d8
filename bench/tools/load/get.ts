import { Agent, get } from "node:http";
import { browser } from "../../peers/ours.ts";

const agent = new Agent({ keepAlive: true });

/**
 * Milliseconds from the request to the last byte, with Node's cheapest client, so that the server dominates.
 * @throws Error unless the response is 200.
 */
export async function wallOf(url: string): Promise<number> {
  const began = performance.now();
  await bodyOf(url);
  return performance.now() - began;
}

/** @throws Error unless the response is 200. */
export function bodyOf(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent, headers: browser }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`HTTP ${answer.statusCode} from ${url}`));
      });
    });
    asked.on("error", reject);
  });
}
