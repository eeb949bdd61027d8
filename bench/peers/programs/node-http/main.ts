import { hash } from "node:crypto";
import { readFile, readFileSync } from "node:fs";
import { createServer } from "node:http";

/**
 * The limit for any Node program: one body with the headers of imgproxy-lite, from memory, or read from its file and
 * checksummed for each request.
 */
const options = JSON.parse(process.argv[2] ?? "{}") as {
  port: number;
  file: string;
  headers: Record<string, string>;
  from: "memory" | "disk";
};
const { port, file, headers, from } = options;
const body = readFileSync(file);
const checksum = hash("sha256", body);

const server =
  from === "memory"
    ? createServer((_, response) => {
        response.writeHead(200, headers);
        response.end(body);
      })
    : createServer((_, response) => {
        readFile(file, (error, bytes) => {
          const sound = error === null && hash("sha256", bytes) === checksum;
          response.writeHead(sound ? 200 : 500, headers);
          response.end(bytes);
        });
      });
server.keepAliveTimeout = 75_000;
server.listen(port, "127.0.0.1");
