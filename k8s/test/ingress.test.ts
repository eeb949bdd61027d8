import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../../dev/machine/ports.ts";
import { parseObjects } from "./render.ts";

const [ingress] = parseObjects(
  readFileSync(new URL("../components/ingress/ingress.yaml", import.meta.url), "utf8"),
).filter((object) => Ingress.is(object));
const notes = ingress?.metadata?.annotations ?? {};

const photographs = Array.from({ length: 40 }, (_, index) => `trips/${index}.jpg`);

describe.runIf(hasNginx())("the ingress's annotations, in a real nginx before two replicas", () => {
  const replicas: Replica[] = [];
  let nginx: { readonly url: string; readonly stop: () => Promise<void> };

  beforeAll(async () => {
    replicas.push(await startReplica(), await startReplica());
    nginx = await startNginx(replicas.map(({ port }) => port));
  });
  afterAll(async () => {
    await nginx?.stop();
    for (const { server } of replicas) server.close();
  });
  beforeEach(() => {
    for (const replica of replicas) Object.assign(replica, { asked: [], full: false });
  });

  const get = (img: string, more = "q=50") => fetch(`${nginx.url}/?img=${encodeURIComponent(img)}&${more}`);
  const sharesOf = () => replicas.map(({ asked }) => asked.length);

  test("the ingress sends all variants of a photograph to one replica, and photographs to both", async () => {
    for (const img of photographs) {
      for (const replica of replicas) replica.asked = [];
      for (const more of ["q=50&w=480", "q=50&w=800", "q=33", "fm=json", "q=50&v=0123456789"])
        await get(img, more);
      expect(sharesOf().sort()).toEqual([0, 5]);
    }
    for (const replica of replicas) replica.asked = [];
    for (const img of photographs) await get(img);
    // nginx distributes by the replicas' ports, which are others in each run: hardly ever one gets less than a tenth.
    expect(Math.min(...sharesOf())).toBeGreaterThan(photographs.length / 10);
  });

  test("the ingress asks the other replica when one is full, and a reader gets 503 only when both are", async () => {
    const [first, second] = [replicaAt(0), replicaAt(1)];
    first.full = true;
    for (const img of photographs) expect((await get(img)).status).toBe(200);
    // Each of its photographs was tried there: a 503 means that the server is busy now, not that it is down for ten seconds.
    expect(first.asked.length).toBeGreaterThan(photographs.length / 10);
    expect(second.asked).toHaveLength(photographs.length);
    second.full = true;
    const answer = await get("worms.jpg");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
    first.full = false;
    second.full = false;
    for (const img of photographs) expect((await get(img)).status).toBe(200);
  });

  test("the ingress passes on cache headers, and the true type of an error", async () => {
    const answer = await get("worms.jpg");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(answer.headers.get("vary")).toBe("Accept");
    expect(answer.headers.get("etag")).toBe('"abc"');
  });

  function replicaAt(index: number): Replica {
    const replica = replicas[index];
    if (replica === undefined) throw new Error("not started");
    return replica;
  }
});

// --- replicas ---

interface Replica {
  readonly server: Server;
  readonly port: number;
  asked: string[];
  full: boolean;
}

async function startReplica(): Promise<Replica> {
  const server = createServer();
  const replica: Replica = { server, port: await listenAnywhere(server), asked: [], full: false };
  server.on("request", (request, response) => {
    replica.asked.push(request.url ?? "");
    if (replica.full) response.writeHead(503, { "retry-after": "2", "cache-control": "no-store" }).end();
    else
      response
        .writeHead(200, {
          "cache-control": "public, max-age=31536000, immutable",
          vary: "Accept",
          etag: '"abc"',
        })
        .end("image");
  });
  return replica;
}

async function listenAnywhere(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

// --- nginx ---

/** As F5's controller writes it: the method in the upstream, the rest in the location. */
function configOf(folder: string, port: number, replicas: readonly number[]): string {
  const directive = (name: string) =>
    `proxy_${name.replaceAll("-", "_")} ${notes[`nginx.org/proxy-${name}`]};`;
  return `
daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream replicas {
    ${notes["nginx.org/lb-method"]};
    ${replicas.map((replica) => `server 127.0.0.1:${replica} max_fails=${notes["nginx.org/max-fails"]} fail_timeout=10s;`).join("\n    ")}
  }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size ${notes["nginx.org/client-max-body-size"]};
    location = / {
      proxy_pass http://replicas; proxy_http_version 1.1; proxy_set_header Connection "";
      ${directive("next-upstream")}
      ${directive("next-upstream-tries")}
      ${directive("connect-timeout")}
      ${directive("read-timeout")}
      proxy_buffering ${notes["nginx.org/proxy-buffering"] === "true" ? "on" : "off"};
    }
  }
}`;
}

async function startNginx(
  replicas: readonly number[],
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "ingress-"));
  const { port } = await freePort();
  writeFileSync(join(folder, "nginx.conf"), configOf(folder, port, replicas));
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "inherit" });
  const url = `http://127.0.0.1:${port}`;
  while (child.exitCode === null && (await fetch(`${url}/none`).catch(() => undefined)) === undefined)
    await delay(50);
  return {
    url,
    stop: async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
