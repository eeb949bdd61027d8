import * as v from "valibot";
import { apiPaths } from "../../contract/api.ts";
import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import { packageVersion } from "../../contract/package.ts";
import { check } from "../../contract/schema.ts";
import { trimSlashes } from "../../contract/url/url.ts";
import { CannotRun } from "../cannot-run.ts";
import { isLocal } from "../local-address.ts";
import { blameOf, type Refusal } from "../proxy/blame.ts";
import type { Answer } from "../proxy/client.ts";
import { request, type Server, Unanswered } from "../proxy/request.ts";
import { createSession, type SessionOptions } from "../proxy/session.ts";
import type { Site } from "../site/site.ts";

/** A key that no photograph has: a healthy server says that it does not exist. */
const NOBODYS_KEY = "imgproxy-lite-doctor";

export interface AskedServer {
  readonly found: readonly Diagnosis[];
  /** Whether it can be asked about photographs. */
  readonly isUsable: boolean;
  /** The token, if the server accepts it. */
  readonly token?: string;
}

/** Whether an imgproxy-lite answers at the endpoint, reads its source, and accepts the token. */
export async function diagnoseServer(
  site: Site,
  { token, ...asReader }: SessionOptions,
): Promise<AskedServer> {
  const line = linesOfCheck("endpoint");
  const endpoint = asReader.endpoint ?? site.endpoints[0] ?? "";
  if (endpoint === "")
    return {
      found: [
        line.problem(
          'params.imgproxy.endpoint is not set: set it to the address of the server for readers, such as "https://images.example/"',
        ),
      ],
      isUsable: false,
    };
  const answer = await ask(site, asReader);
  if (typeof answer === "string") return { found: [line.problem(answer)], isUsable: false };
  const ofAddress = addressProblems(endpoint, site);
  const ofToken = await diagnoseToken(site, asReader, token);
  return {
    found: [
      ...(ofAddress.length > 0 ? ofAddress : [line.ok(`${endpoint} is an imgproxy-lite server`)]),
      ...sourceProblems(answer),
      ofToken,
      ...(ofToken.state === "ok"
        ? [await diagnoseVersion({ ...asReader, endpoint, token: token ?? "" })]
        : []),
    ],
    isUsable: answer === undefined || answer.code === "source-absent",
    ...(ofToken.state === "ok" && token !== undefined && { token }),
  };
}

// --- calls ---

/** The server's answer about a photograph that does not exist, or why there is no answer. */
async function ask(site: Site, options: SessionOptions): Promise<Refusal | undefined | string> {
  try {
    const [answer] = (await createSession(site, options).look([[NOBODYS_KEY]])).values();
    return answer !== undefined && "problem" in answer ? answer.problem : undefined;
  } catch (error) {
    if (error instanceof Unanswered || error instanceof CannotRun) return error.message;
    throw error;
  }
}

async function diagnoseToken(
  site: Site,
  asReader: SessionOptions,
  token: string | undefined,
): Promise<Diagnosis> {
  const line = linesOfCheck("token");
  if (token === undefined)
    return line.note(
      "there is no token, so a scan makes the same requests as a reader: set TOKEN to the server's TOKEN, to publish and to warm in batches",
    );
  const answer = await ask(site, { ...asReader, token });
  return typeof answer === "string" ? line.problem(answer) : line.ok("the server accepts it");
}

async function diagnoseVersion(server: Server): Promise<Diagnosis> {
  const line = linesOfCheck("version");
  const url = `${trimSlashes(server.endpoint)}/${apiPaths.version}`;
  const headers = { authorization: `Bearer ${server.token ?? ""}` };
  const read = async (answer: Answer) => (answer.ok ? check(versionAnswer, await answer.json()) : undefined);
  const answer = await request(server, { url, init: () => ({ headers }), read }).catch((error: unknown) => {
    if (error instanceof Unanswered || error instanceof CannotRun) return undefined;
    throw error;
  });
  const theirs = answer !== undefined && "value" in answer ? answer.value.version : "older";
  const ours = packageVersion();
  if (theirs === ours) return line.ok(`server and command are both ${ours}`);
  return line.note(`the server is ${theirs}, this command ${ours}: use one release for both`);
}

const versionAnswer = v.object({ version: v.string() });

// --- words ---

function addressProblems(endpoint: string, { baseUrl }: Site): Diagnosis[] {
  const line = linesOfCheck("endpoint");
  if (isLocal(endpoint))
    return [line.note(`${endpoint} is an imgproxy-lite server that only this machine reaches`)];
  if (!/^http:/i.test(endpoint) || !/^https:/i.test(baseUrl)) return [];
  return [
    line.problem(
      `the pages of ${baseUrl} are HTTPS, so browsers block images of ${endpoint}: give the server a certificate, and write https://`,
    ),
  ];
}

/** Of an answer that is neither "absent" nor a photograph. */
function sourceProblems(answer: Refusal | undefined): Diagnosis[] {
  const line = linesOfCheck("source");
  if (answer === undefined || answer.code === "source-absent")
    return [line.ok("the server reads its photographs")];
  if (answer.code === "bad-signature")
    return [
      linesOfCheck("signature").problem(
        `the server refuses this site's URLs (${answer.detail}): set params.imgproxy.sign = true, and HUGO_IMGPROXY_KEY to one of the server's SIGNING_KEYS`,
      ),
    ];
  const remedy = "imgproxy-lite doctor --server, where the server runs, says more";
  if (blameOf(answer.code) === "moment")
    return [line.problem(`the server has no time to answer (${answer.detail}): ${remedy}`)];
  return [line.problem(`the server cannot read its photographs (${answer.detail}): ${remedy}`)];
}
