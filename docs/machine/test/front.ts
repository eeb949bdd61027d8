import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../../dev/machine/ports.ts";
import { type Program, startProgram } from "../../../dev/machine/processes.ts";

/** The folder of the files that the guide is about. */
export const machine: string = fileURLToPath(new URL("..", import.meta.url));

/** A web server in front of imgproxy-lite, with our file for it. */
export interface Front {
  readonly port: number;
  readonly program: Program;
}

/** Whether a program is on this machine; in CI it must be. */
export function has(program: string): boolean {
  if (spawnSync("sh", ["-c", `PATH="$PATH:/usr/sbin" command -v ${program}`]).status === 0) return true;
  if (process.env.CI === "true") throw new Error(`${program} is not installed; .ci/run installs it`);
  console.log(`skipped: what needs ${program}, which is not installed`);
  return false;
}

/** The file as it is; its variables name another host and port. */
export async function startCaddy(upstream: number): Promise<Front> {
  const { port } = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), "caddy-"));
  const program = await startProgram(
    {
      name: "caddy",
      file: "caddy",
      args: ["run", "--config", path.join(machine, "Caddyfile")],
      env: {
        IMAGES_HOST: `http://127.0.0.1:${port}, http://localhost:${port}`,
        IMAGES_UPSTREAM: `127.0.0.1:${upstream}`,
        HOME: folder,
        XDG_DATA_HOME: folder,
        XDG_CONFIG_HOME: folder,
        // Two tests can run at the same time.
        CADDY_ADMIN: `127.0.0.1:${(await freePort()).port}`,
      },
    },
    /serving initial configuration/,
    AbortSignal.timeout(600_000),
  );
  return { port, program };
}

/** The file with another upstream and port, without a certificate. */
export async function startNginx(upstream: number): Promise<Front> {
  const { port } = await freePort();
  const site = (await readFile(path.join(machine, "nginx.conf"), "utf8"))
    .replace("127.0.0.1:5000", `127.0.0.1:${upstream}`)
    .replace("listen 443 ssl;", `listen 127.0.0.1:${port};`)
    .replace(/^ *(listen \[::\]|ssl_certificate).*\n/gm, "");
  const config = await writeNginx(site);
  const program = await startProgram(
    { name: "nginx", file: "nginx", args: ["-c", config, "-g", "daemon off;", "-e", "stderr"] },
    /start worker process /,
    AbortSignal.timeout(600_000),
  );
  return { port, program };
}

/** The configuration around a file of conf.d, as Debian has it, in a folder of its own. @returns its path. */
export async function writeNginx(site: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "nginx-"));
  await mkdir(path.join(folder, "conf.d"));
  await writeFile(path.join(folder, "conf.d/imgproxy-lite.conf"), site);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const config = `${user} worker_processes 1; pid ${folder}/pid; error_log stderr notice; events {}
http { access_log off; ${temporary.join(" ")} include ${folder}/conf.d/*.conf; }\n`;
  await writeFile(path.join(folder, "nginx.conf"), config);
  return path.join(folder, "nginx.conf");
}

/** An answer, with all of its body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  /** The client's address on loopback. */
  readonly from?: string;
  readonly method?: string;
  readonly body?: Buffer;
}

/** Sends the path as it is; fetch() would normalise it. */
export function get(port: number, target: string, asked: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { headers, from = "127.0.0.1", method = "GET", body } = asked;
    request({ host: "127.0.0.1", port, path: target, method, localAddress: from, headers: { ...headers } })
      .once("response", async (response) => {
        const body = Buffer.concat(await response.toArray());
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      })
      .once("error", reject)
      .end(body);
  });
}
