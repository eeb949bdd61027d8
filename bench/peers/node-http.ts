import path from "node:path";
import { freePort } from "../../dev/machine/ports.ts";
import { type Started, startServer } from "../tools/measure/processes.ts";
import { builtProgram } from "../tools/paths.ts";

/** Only node:http, with the body in a file and these headers. */
export async function startNodeHttp(options: {
  readonly folder: string;
  readonly file: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly from: "memory" | "disk";
}): Promise<Started> {
  const { folder, ...rest } = options;
  const { port } = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return await startServer({
    file: process.execPath,
    args: [builtProgram("peers", "programs", "node-http"), JSON.stringify({ ...rest, port })],
    url,
    ready: `${url}/`,
    log: path.join(folder, `node-http-${port}.log`),
  });
}
