import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Config } from "../config/load.ts";
import type { SourceLocation } from "../config/parsers.ts";

/** S3 refuses requests whose time differs by 15 minutes; half of that shows a clock that nobody sets. */
const MOST_SKEW_MS = 450_000;

/** Compares this machine's clock with the `Date` of a remote source; undefined if they agree, or if there is no answer. */
export async function clockProblem(location: SourceLocation, config: Config): Promise<string | undefined> {
  const address = addressOf(location, config);
  const theirs = address && (await dateOf(address));
  if (theirs === undefined || theirs === "") return undefined;
  const skewMs = Date.now() - Date.parse(theirs);
  if (!(Math.abs(skewMs) > MOST_SKEW_MS)) return undefined;
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  return `this machine's clock is ${minutes} min ${skewMs > 0 ? "ahead of" : "behind"} the source's, and S3 refuses more than 15 min: set it by NTP (timedatectl set-ntp true)`;
}

/** Without user and password. */
function addressOf(location: SourceLocation, { s3Endpoint, awsRegion }: Config): URL | undefined {
  if (location.kind === "folder") return undefined;
  if (location.kind === "http") return new URL("/", location.base.origin);
  return new URL(s3Endpoint || `https://s3.${awsRegion || "us-east-1"}.amazonaws.com/`);
}

/** Any answer has a date, a refusal too. */
function dateOf(address: URL): Promise<string | undefined> {
  return new Promise((resolve) => {
    const send = address.protocol === "https:" ? httpsRequest : httpRequest;
    const sent = send(address, { method: "HEAD", timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(answer.headers.date);
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(undefined));
    sent.on("close", () => resolve(undefined));
    sent.end();
  });
}
