import { Agent, get } from "node:http";
import { browser } from "../peers/ours.ts";

const agent = new Agent({ keepAlive: true });

/**
 * Milliseconds from asking to the last byte, by the leanest client that Node has: what is measured is the server.
 * @throws Error when the answer is no 200.
 */
export function wallOf(url: string): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent, headers: browser }, (answer) => {
      answer.on("error", reject).on("end", () => {
        if (answer.statusCode === 200) resolve(performance.now() - began);
        else reject(new Error(`HTTP ${answer.statusCode} from ${url}`));
      });
      answer.resume();
    });
    asked.on("error", reject);
  });
}
