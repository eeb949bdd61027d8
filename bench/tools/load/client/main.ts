import { connect } from "node:net";

/** The load of load.ts without wrk: plain kept-alive sockets with one request at a time. */
const load = JSON.parse(process.argv[2] ?? "{}") as {
  url: string;
  paths: string[];
  headers?: Record<string, string>;
  connections: number;
  seconds: number;
};
const { hostname, port, host } = new URL(load.url);
const lines = Object.entries(load.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
const requests = load.paths.map((one) =>
  Buffer.from(`GET ${one} HTTP/1.1\r\nHost: ${host}\r\n${lines.join("")}\r\n`),
);
const times: number[] = [];
let [next, failures] = [0, 0];
const began = performance.now();
const until = began + load.seconds * 1000;

await Promise.all(Array.from({ length: load.connections }, ask));
const seconds = (performance.now() - began) / 1000;
times.sort((a, b) => a - b);
const at = (share: number): number =>
  times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
process.stdout.write(
  JSON.stringify({
    requests: times.length,
    requestsPerSecond: times.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failures,
  }),
);

/** One connection, until the time is over. */
function ask(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let [sent, missing, head] = [0, -1, ""];
    const send = (): void => {
      if (performance.now() >= until) return void socket.end();
      const request = requests[next++ % requests.length];
      if (request === undefined) return;
      [sent, missing, head] = [performance.now(), -1, ""];
      socket.write(request);
    };
    socket
      .setNoDelay()
      .on("connect", send)
      .on("close", () => resolve());
    socket.on("error", () => failures++);
    socket.on("data", (chunk) => {
      if (missing < 0) {
        head += chunk.toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end === -1) return;
        if (!/^HTTP\/1\.1 2/.test(head)) failures++;
        missing = Number(/^content-length: ([0-9]+)/im.exec(head)?.[1] ?? 0) - (head.length - end - 4);
      } else missing -= chunk.byteLength;
      if (missing > 0) return;
      times.push(performance.now() - sent);
      send();
    });
  });
}
