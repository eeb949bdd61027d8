import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../dev/machine/ports.ts";
import { report } from "../../test/chaos/chaos.ts";
import { atFileEnd } from "../../test/support/file-end.ts";
import { photo } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const atEnd = atFileEnd();

const nginx = ["nginx", "/usr/sbin/nginx"].find((file) => spawnSync(file, ["-v"]).status === 0);
if (nginx === undefined && process.env.CI === undefined)
  console.log("skipped: what a proxy in front of the server sees, because nginx is not installed");

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder(atEnd);
  await writeFile(join(folder, "worms.jpg"), await photo(400, 300).jpeg().toBuffer());
});

/** nginx as in an ingress: it keeps connections to the pods, and tries another pod if one is gone. */
async function startNginx(pods: readonly number[]): Promise<number> {
  const { port } = await freePort();
  const own = await mkdtemp(join(folder, "nginx-"));
  const config = `
    daemon off; worker_processes 1; pid ${own}/pid; error_log ${own}/error.log; ${process.getuid?.() === 0 ? "user root;" : ""}
    events { worker_connections 512; }
    http {
      access_log off; client_body_temp_path ${own}/body; proxy_temp_path ${own}/proxy; fastcgi_temp_path ${own}/f;
      uwsgi_temp_path ${own}/u; scgi_temp_path ${own}/s;
      upstream pods { ${pods.map((pod) => `server 127.0.0.1:${pod} max_fails=0;`).join(" ")} keepalive 8; }
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass http://pods; proxy_http_version 1.1; proxy_set_header Connection ""; }
      }
    }`;
  await writeFile(join(own, "nginx.conf"), config);
  const child = spawn(nginx ?? "nginx", ["-c", join(own, "nginx.conf"), "-e", join(own, "error.log")], {
    stdio: "ignore",
  });
  onTestFinished(() => void child.kill("SIGTERM"));
  await expect
    .poll(() =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  return port;
}

function startOn(port: number): Promise<Pod> {
  return startPod({ PORT: String(port), SOURCE: folder, CACHE_DIR: join(folder, "cache"), ORIGINALS: "off" });
}

describe.skipIf(nginx === undefined && process.env.CI === undefined)("behind a real nginx", () => {
  test("40 requests that try to smuggle a second one are one request or none, and no other client gets their answers", async () => {
    const ports = [(await freePort()).port];
    const [pod] = await Promise.all(ports.map(startOn));
    const port = await startNginx(ports);
    const image = `http://127.0.0.1:${port}/?img=worms.jpg&q=33&w=50`;
    const etag = (await fetch(image)).headers.get("etag");
    const notFound = () => pod?.metric("imgproxy_lite_requests_total", 'status="404"');
    const before = await notFound();
    const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\nX: ";
    const heads = [
      "Content-Length: 6\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked\r\nContent-Length: 6",
      "Transfer-Encoding: ChunKed\r\nContent-Length: 6",
      "Transfer-Encoding: xchunked\r\nContent-Length: 6",
      "Transfer-Encoding : chunked\r\nContent-Length: 6",
      "Transfer-Encoding:\tchunked\r\nContent-Length: 6",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
      "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding:\r\n chunked\r\nContent-Length: 6",
      "Content-Length: 6\r\nContent-Length: 0",
      "Content-Length: 0\r\nContent-Length: 6",
      "Content-Length: +6",
      "Content-Length: 6, 6",
      "Content-Length: 0x6",
      "Content-Length: 0\r\nX: y\n\nGET",
      "X-Fold: a\r\n b\r\nContent-Length: 6",
      "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings",
      "Connection: Content-Length\r\nContent-Length: 6",
      "Expect: 100-continue\r\nContent-Length: 6",
    ];
    for (const method of ["POST", "GET"])
      for (const head of heads) {
        await sendRaw(
          port,
          `${method} /?img=worms.jpg&q=33&w=50 HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n0\r\n\r\n${smuggled}`,
        );
        const next = await fetch(image);
        expect([head, next.status, next.headers.get("etag")]).toEqual([head, 200, etag]);
      }
    // A request that got through would be for a photograph that does not exist.
    expect(await notFound()).toBe(before);
    report(
      "S10",
      "40 requests behind nginx that try to smuggle a second one",
      "0 smuggled, 0 answers to others",
    );
  });
});

/** Sends bytes unchanged, and waits for an answer or for the end of the connection. */
function sendRaw(port: number, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    const end = (): void => {
      socket.destroy();
      resolve();
    };
    socket
      .once("data", () => setTimeout(end, 10))
      .once("close", end)
      .once("error", end);
    setTimeout(end, 300);
  });
}
