import { CannotRun } from "../cannot-run.ts";
import { toText } from "./config/cast.ts";

/**
 * The key, found as in the hook: first the parameter, which templates can read without permission, then the variable if URLs
 * must be signed. White space around it is removed, because it may come from a file.
 * @param sign `params.imgproxy.sign`.
 * @param given `params.imgproxy.key`.
 * @throws CannotRun if only one side of signing is configured: all images would be refused, or none signed.
 */
export function signatureKeyOf(
  sign: boolean,
  given: unknown,
  {
    variables,
    environment,
  }: { readonly variables: Readonly<Record<string, string | undefined>>; readonly environment: string },
): string | undefined {
  const parameter = (toText(given) ?? "").trim();
  const variable = (variables.HUGO_IMGPROXY_KEY ?? "").trim();
  if (parameter !== "") return parameter;
  if (sign && variable !== "") return variable;
  if (variable !== "")
    throw new CannotRun(
      "HUGO_IMGPROXY_KEY is set, but the site does not sign its URLs: set params.imgproxy.sign = true (or HUGO_PARAMS_IMGPROXY_SIGN=true), or unset HUGO_IMGPROXY_KEY",
    );
  if (sign && environment === "production")
    throw new CannotRun(
      "params.imgproxy.sign is on, and HUGO_IMGPROXY_KEY is not set: set it to one of the server's SIGNING_KEYS",
    );
  return undefined;
}
