import { createInterface } from "node:readline/promises";
import { CannotRun } from "../cannot-run.ts";

/** A person at a terminal. Questions go to stderr, so that stdout can be piped. */
export interface Terminal {
  /** Asks until the answer is accepted. @param refuse why an answer is not accepted; undefined if it is. */
  ask(question: string, refuse: (answer: string) => string | undefined): Promise<string>;
  /** Anything but "y" or "yes" is no. */
  confirm(question: string): Promise<boolean>;
}

/** @throws CannotRun when the terminal closes; the signal's reason when it aborts. */
export function openTerminal(
  { stdin, stderr }: Pick<NodeJS.Process, "stdin" | "stderr">,
  signal: AbortSignal,
): Terminal {
  const question = async (words: string): Promise<string> => {
    const lines = createInterface({ input: stdin, output: stderr });
    // In a terminal, readline takes Ctrl-C for itself.
    lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    const closed = new Promise<never>((_, reject) =>
      lines.once("close", () => reject(new CannotRun("the terminal has closed; nothing was written"))),
    );
    closed.catch(() => undefined);
    try {
      return (await Promise.race([lines.question(words, { signal }), closed])).trim();
    } finally {
      lines.close();
    }
  };
  return {
    async ask(words, refuse) {
      for (;;) {
        const answer = await question(`${words}: `);
        const reason = refuse(answer);
        if (reason === undefined) return answer;
        stderr.write(`${reason}\n`);
      }
    },
    confirm: async (words) => /^y(?:es)?$/i.test(await question(`${words} [y/N] `)),
  };
}
