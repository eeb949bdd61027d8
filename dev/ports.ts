import { createServer } from "node:net";

/** A port on this machine: the wanted one if it is free, else one that is. */
export async function freePort(wanted = 0): Promise<{ readonly port: number; readonly busy: boolean }> {
  const port = await tryPort(wanted);
  if (port !== undefined) return { port, busy: false };
  const other = await tryPort(0);
  if (other === undefined) throw new Error("this machine has no free port");
  return { port: other, busy: true };
}

/** On every address, as the server will listen: a port that another program has on one of them is busy. */
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
