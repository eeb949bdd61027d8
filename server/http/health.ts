import { request } from "node:http";

/**
 * Requests `/livez` of the server on this machine: for a container engine's healthcheck, which has no shell and no curl.
 * @returns why it is not healthy, or undefined.
 */
export function askHealth(port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host: "localhost", port, path: "/livez", timeout: timeoutMs }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? undefined : `/livez says ${answer.statusCode}`);
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    asked.on("error", (error) => resolve(`nothing healthy on ADMIN_PORT ${port}: ${error.message}`));
    asked.end();
  });
}
