import { createServer } from "node:http";
import sharp from "sharp";
import { askedFormats, formats } from "../../../../contract/formats.ts";
import { encodeAsImgproxy } from "../../bare-libvips.ts";

/** sharp with imgproxy's settings behind node:http: /<width>/<quality>/<format>/<key>. */
const { port, photos } = JSON.parse(process.argv[2] ?? "{}") as { port: number; photos: string };

sharp.concurrency(1);
sharp.cache(false);
createServer((request, response) => {
  if (request.url === "/ready") return void response.end();
  const [, width, quality, format = "", key = ""] = (request.url ?? "").split("/");
  const asked = askedFormats.find((one) => one === format);
  if (asked === undefined) return void response.writeHead(404).end();
  encodeAsImgproxy(photos, {
    key: decodeURIComponent(key),
    width: Number(width),
    quality: Number(quality),
    format: asked,
  }).then(
    (body) => response.writeHead(200, { "content-type": formats[asked].type }).end(body),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(port, "127.0.0.1");
