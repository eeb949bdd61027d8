import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { freePort } from "../../dev/machine/ports.ts";
import { type Started, startServer } from "../tools/measure/processes.ts";

/**
 * nginx with one worker on a folder of files: sendfile, open files cached, the same headers as imgproxy-lite.
 * @throws Error if nginx is not installed.
 */
export async function startNginx(
  folder: string,
  files: string,
  headers: Readonly<Record<string, string>>,
): Promise<Started> {
  const { port } = await freePort();
  const own = path.join(folder, `nginx-${port}`);
  await mkdir(own);
  const config = path.join(own, "nginx.conf");
  await writeFile(config, configOf(own, files, port, headers));
  const url = `http://127.0.0.1:${port}`;
  return await startServer({
    file: "nginx",
    args: ["-c", config, "-e", path.join(own, "error.log")],
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    url,
    ready: `${url}/ready`,
    log: path.join(own, "output.log"),
  });
}

function configOf(
  own: string,
  files: string,
  port: number,
  headers: Readonly<Record<string, string>>,
): string {
  // nginx adds these itself.
  const { etag: _, "content-length": __, "content-type": type, ...added } = headers;
  const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  // Started by root, the worker would run as nobody, who cannot read the folder.
  const user = process.getuid?.() === 0 ? "user root;\n" : "";
  return `${user}daemon off;
worker_processes 1;
pid ${own}/pid;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=10000;
  default_type ${type ?? "application/octet-stream"};
  client_body_temp_path ${own}/body;
  proxy_temp_path ${own}/proxy;
  fastcgi_temp_path ${own}/fastcgi;
  uwsgi_temp_path ${own}/uwsgi;
  scgi_temp_path ${own}/scgi;
  server {
    listen 127.0.0.1:${port};
    location = /ready { return 200; }
    location / {
      root ${files};
${Object.entries(added)
  .map(([name, value]) => `      add_header ${name} ${quoted(value)};`)
  .join("\n")}
    }
  }
}
`;
}
