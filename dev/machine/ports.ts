import { createServer } from "node:net";

/** A port on this machine: the preferred one if it is free, otherwise another. */
export async function freePort(wanted = 0): Promise<{ readonly port: number; readonly busy: boolean }> {
  const port = await tryPort(wanted);
  if (port !== undefined) return { port, busy: false };
  const other = await tryPort(0);
  if (other === undefined) throw new Error("this machine has no free port");
  return { port: other, busy: true };
}

/** Checks every address, as the server listens on all: a port that another program has on one of them is busy. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}
