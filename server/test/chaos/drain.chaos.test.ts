import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../dev/machine/ports.ts";
import { photo } from "../support/pictures.ts";
import { forTests } from "../support/pod.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { report, sized } from "./chaos.ts";

const executable = fileURLToPath(new URL("../../../bin/imgproxy-lite.js", import.meta.url));

describe.runIf(hasNginx())("two replicas behind nginx", () => {
  test("two replicas behind nginx are restarted in turn under load, and no request fails", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "photos"));
    await writeFile(join(folder, "photos/worms.jpg"), await photo(320, 240).jpeg().toBuffer());
    const ports = [(await freePort()).port, (await freePort()).port] as const;
    const admins = [(await freePort()).port, (await freePort()).port] as const;
    const start = (at: 0 | 1) => startReplica(folder, ports[at], admins[at]);
    const replicas = await Promise.all([start(0), start(1)]);
    onTestFinished(() => replicas.forEach((replica) => void replica.kill("SIGKILL")));
    const nginx = await startNginx(folder, ports);
    // If a master is killed, its workers continue.
    onTestFinished(() => void nginx.child.kill("SIGTERM"));

    const readers = startReaders(nginx.port, 50);
    const restarts = sized(20, 4);
    const exits: unknown[] = [];
    for (let restart = 0; restart < restarts; restart++) {
      const at = restart % 2 === 0 ? 0 : 1;
      const old = replicas[at];
      await nginx.sendTo([ports[1 - at] ?? 0]);
      old.kill("SIGTERM");
      exits.push((await once(old, "exit"))[0]);
      replicas[at] = await start(at);
      await nginx.sendTo(ports);
    }
    const { asked, failures } = await readers.stop();

    expect(failures).toEqual([]);
    expect(exits).toEqual(Array(restarts).fill(0));
    expect(asked).toBeGreaterThan(20 * restarts);
    report("K2", `${restarts} restarts under 50 requests/s, ${asked} requests`, `${failures.length} failed`);
  });
});

// --- readers ---

/** Sends a number of requests a second, answered or not; one in ten is for a new variant. */
function startReaders(port: number, perSecond: number) {
  // One connection for each: nginx closes its readers' idle ones when its list of replicas changes.
  const agent = new Agent({ keepAlive: false });
  const failures: string[] = [];
  const open = new Set<Promise<void>>();
  let asked = 0;
  const timer = setInterval(() => {
    const width = asked % 10 === 0 ? 16 + (asked % 300) : 160;
    const one = ask(agent, port, `/?img=worms.jpg&q=${50 + (asked % 3)}&w=${width}&fm=webp`).then(
      () => undefined,
      (error: unknown) => void failures.push(String(error)),
    );
    asked++;
    open.add(one);
    void one.finally(() => open.delete(one));
  }, 1000 / perSecond);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
      return { asked, failures };
    },
  };
}

/** @throws Error for anything but a whole 200. */
function ask(agent: Agent, port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ agent, host: "127.0.0.1", port, path }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength;
      });
      response.on("error", reject);
      response.on("end", () => {
        const whole = response.complete && bytes === Number(response.headers["content-length"]);
        if (response.statusCode === 200 && whole) resolve();
        else reject(new Error(`${path}: ${response.statusCode}, ${bytes} bytes`));
      });
    });
    request.on("error", reject);
  });
}

// --- processes ---

async function startReplica(folder: string, port: number, admin: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [executable, "serve", "--source", join(folder, "photos")], {
    env: {
      PATH: process.env.PATH,
      ...forTests,
      PORT: String(port),
      ADMIN_PORT: String(admin),
      CACHE_DIR: join(folder, "cache"),
      COLD_BUDGET: "1000000",
      LOG_LEVEL: "error",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  while (child.exitCode === null) {
    const ready = await fetch(`http://127.0.0.1:${admin}/readyz`).catch(() => undefined);
    if (ready?.ok) return child;
    await delay(50);
  }
  throw new Error(`the server ended with ${child.exitCode}`);
}

/**
 * Sends readers to the given replicas, as an ingress does by its endpoints, and never retries: a request that a replica
 * drops fails for its reader.
 */
async function startNginx(folder: string, replicas: readonly number[]) {
  const { port } = await freePort();
  await writeFile(join(folder, "nginx.conf"), configOf(folder, port, replicas));
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "inherit" });
  while ((await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) === undefined) await delay(50);
  return {
    child,
    port,
    async sendTo(endpoints: readonly number[]): Promise<void> {
      await writeFile(join(folder, "nginx.conf"), configOf(folder, port, endpoints));
      const old = workersOf(child);
      child.kill("SIGHUP");
      while (!old.every(isShuttingDown)) await delay(50);
      // The reason for preStop: endpoints are not removed at once.
      await delay(1000);
    },
  };
}

function workersOf({ pid }: ChildProcess): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ");
}

/** Whether an nginx worker accepts no more connections, as its name says: another one has the new configuration. */
function isShuttingDown(worker: string): boolean {
  try {
    return readFileSync(`/proc/${worker}/cmdline`, "latin1").includes("is shutting down");
  } catch {
    // It has ended.
    return true;
  }
}

function configOf(folder: string, port: number, replicas: readonly number[]): string {
  const servers = replicas.map((replica) => `server 127.0.0.1:${replica} max_fails=0;`).join(" ");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (of) => `${of}_temp_path ${folder}/${of};`,
  );
  return `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log crit; events {}
    http {
      access_log off; ${temporary.join(" ")}
      upstream replicas { hash $arg_w consistent; ${servers} keepalive 8; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://replicas; proxy_http_version 1.1; proxy_set_header Connection "";
          proxy_next_upstream off;
        }
      }
    }`;
}

function hasNginx(): boolean {
  try {
    execFileSync("nginx", ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CI === "true") throw new Error("nginx is not on PATH; .ci/run installs it");
    console.log("skipped: nginx is not on PATH (Debian: apt-get install nginx-light)");
    return false;
  }
}
