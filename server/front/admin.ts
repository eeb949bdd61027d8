import { H3, HTTPResponse } from "h3";
import type { Metrics } from "../telemetry/metrics.ts";

/** The routes of the admin port: liveness, readiness, metrics. Not for readers. */
export interface AdminParts {
  readonly metrics: Pick<Metrics, "scrape">;
  /** Whether new requests should come here: started, and not draining. Source and queue do not matter. */
  readonly ready: () => boolean;
}

/** `/livez` is up while the event loop runs; it checks nothing that a restart cannot repair. */
export function createAdmin({ metrics, ready }: AdminParts): H3 {
  return new H3()
    .get("/livez", () => say(200, "ok"))
    .get("/readyz", () => (ready() ? say(200, "ok") : say(503, "not ready")))
    .get("/metrics", async () => {
      const scraped = await metrics.scrape();
      const type = scraped.headers.get("content-type") ?? "text/plain";
      return say(200, await scraped.text(), type);
    });
}

function say(status: number, text: string, type = "text/plain; charset=utf-8"): HTTPResponse {
  const body = new TextEncoder().encode(text);
  const headers = {
    "content-type": type,
    "content-length": String(body.byteLength),
    "cache-control": "no-store",
  };
  return new HTTPResponse(body, { status, headers });
}
