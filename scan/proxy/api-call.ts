import { trimSlashes } from "../../contract/url/url.ts";
import type { Call, Server } from "./request.ts";

/** A call of the server's API, with the token if there is one: a server in development mode lists without. */
export function apiCall(
  server: Server,
  method: "GET" | "POST" | "PUT",
  path: string,
  body: object,
): Pick<Call<never>, "url" | "init"> {
  const text = JSON.stringify(body);
  return {
    url: `${trimSlashes(server.endpoint)}/${path}`,
    init: () => ({
      method,
      headers: {
        ...(server.token !== undefined && { authorization: `Bearer ${server.token}` }),
        "content-type": "application/json",
      },
      body: text,
    }),
  };
}
