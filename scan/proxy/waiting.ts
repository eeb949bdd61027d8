import type { Server } from "./request.ts";

/** Says that a request waits for a server that does not answer. A server that has answered may take long: it makes images. */
export interface Waiting {
  /** An attempt has failed. */
  failed(problem: string): void;
  /** Something of an answer has arrived. */
  alive(): void;
  end(): void;
}

/** Nobody wonders about a shorter silence. */
const PATIENT_MS = 2_000;

const answering = new WeakSet<Server>();

export function watchWaiting(server: Server, url: string): Waiting {
  let problem = answering.has(server) ? undefined : "gives no answer";
  const timer = setInterval(() => {
    if (problem === undefined) return;
    const { origin } = new URL(url);
    server.onWaiting?.(`waiting for ${origin}, up to ${duration(server.patienceMs)}: it ${problem}`);
  }, PATIENT_MS);
  return {
    failed(words) {
      problem = words;
    },
    alive() {
      answering.add(server);
      problem = undefined;
    },
    end: () => clearInterval(timer),
  };
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
