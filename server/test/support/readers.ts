import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** The answers to one kind of reader: the number of each status, and the time of each answer. */
export class Tally {
  readonly statuses = new Map<number | string, number>();
  readonly #milliseconds = new Map<number | string, number[]>();

  add(status: number | string, milliseconds: number): void {
    this.statuses.set(status, this.count(status) + 1);
    const times = this.#milliseconds.get(status) ?? [];
    times.push(milliseconds);
    this.#milliseconds.set(status, times);
  }

  count(status: number | string): number {
    return this.statuses.get(status) ?? 0;
  }

  /** The 99th percentile of the times of a status, in milliseconds; 0 if there were no answers. */
  p99(status: number): number {
    const sorted = [...(this.#milliseconds.get(status) ?? [])].sort((a, b) => a - b);
    return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0);
  }

  toString(): string {
    return [...this.statuses].map(([status, count]) => `${count} × ${status}`).join(", ");
  }
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Sends requests over kept connections, without the cost of fetch, because the server is measured. */
export class Readers {
  readonly #agent: Agent;

  /** @param address an address of this machine, which the server sees as the client's. */
  constructor(connections: number, address?: string) {
    const from = address === undefined ? {} : { localAddress: address };
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, ...from });
  }

  /** @throws Error if the answer is not complete. */
  ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const request = get(url, { agent: this.#agent, headers: { ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const body = Buffer.concat(chunks);
          if (response.complete)
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
          else reject(new Error("half an answer"));
        });
      });
      request.on("error", reject);
    });
  }

  /** Repeats a request while the server is busy: tests that are not about load run on busy machines. */
  async askPatiently(url: string): Promise<Answered> {
    for (;;) {
      const answer = await this.ask(url);
      if (answer.status !== 503) return answer;
      await sleep(100);
    }
  }

  /** Sends a request, and counts its result. */
  async count(url: string, tally: Tally, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const started = performance.now();
    const status = await this.ask(url, headers).then(
      (answer) => answer.status,
      (error: unknown) => String(error),
    );
    tally.add(status, performance.now() - started);
  }

  /** Does a piece of work a number of times, with a maximum in parallel. */
  async each(times: number, atOnce: number, work: (at: number) => Promise<void>): Promise<void> {
    let next = 0;
    const line = async (): Promise<void> => {
      while (next < times) await work(next++);
    };
    await Promise.all(Array.from({ length: atOnce }, line));
  }

  close(): void {
    this.#agent.destroy();
  }
}
