/**
 * A middleware of the SDK: the storage compares the body with the hash that the signature has, whichever S3 it is; a checksum header may
 * be unknown to it.
 */
export function payloadHash(sha256: string) {
  return <Args extends { readonly request: unknown }, Result>(next: (args: Args) => Promise<Result>) =>
    (args: Args): Promise<Result> => {
      const { request } = args;
      if (typeof request === "object" && request !== null && "headers" in request)
        Object.assign(Object(request.headers), { "x-amz-content-sha256": sha256 });
      return next(args);
    };
}

export const payloadHashStep = { step: "build", name: "payloadHash" } as const;
