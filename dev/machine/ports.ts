import { createServer } from "node:net";

/** A port on this machine: the preferred one if it is free, otherwise another. */
export async function freePort(wanted?: number): Promise<{ readonly port: number; readonly busy: boolean }> {
  if (wanted !== undefined && (await isFree(wanted))) return { port: wanted, busy: false };
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = FIRST + (process.pid % SHARES) + SHARES * Math.floor(Math.random() * (COUNT / SHARES));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return { port, busy: wanted !== undefined };
  }
  throw new Error("this machine has no free port");
}

/**
 * Below 32768, where Linux takes the ports that it gives to connections and to servers on port 0
 * (`net.ipv4.ip_local_port_range`): nothing else gets the port before the program that it is for listens on it. Above 10080,
 * the last port that browsers and fetch refuse (Fetch standard, "bad port").
 */
const [FIRST, COUNT] = [10_096, 21_904];

/** Processes that run at the same time, as tests do, hardly ever have the same share of the ports. */
const SHARES = 16;

/** No port is given twice by one process: the program of the first may not listen yet. */
const given = new Set<number>();

/** Checks every address, as the server listens on all: a port that another program has on one of them is busy. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
