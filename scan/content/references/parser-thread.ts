import { parentPort } from "node:worker_threads";
import type { ParseAnswer, ParseJob } from "./bounded-parser.ts";
import { checkLimits, TooCostly } from "./limits.ts";
import { markdownImages } from "./markdown.ts";

/** The thread that parses Markdown. It can be stopped at any time, so it does nothing else. */

const say = (answer: ParseAnswer) => parentPort?.postMessage(answer);

parentPort?.on("message", ({ text, endpoints }: ParseJob) => {
  try {
    checkLimits(text);
    say({ kind: "images", images: markdownImages(text, endpoints) });
  } catch (error) {
    if (error instanceof TooCostly) say({ kind: "refused", message: error.message, offset: error.offset });
    // Deep nesting exhausts the stack first.
    else if (error instanceof RangeError)
      say({ kind: "refused", message: "too deeply nested to read", offset: 0 });
    else throw error;
  }
});
say({ kind: "ready" });
