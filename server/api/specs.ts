import { browserAccept } from "../../contract/accept.ts";
import type { VariantSpec } from "../../contract/api.ts";
import type { Variant } from "../cache/cache.ts";
import { negotiate } from "../image/negotiate.ts";

/** The variant that a reader of that class gets. */
export function variantOfSpec(key: string, spec: VariantSpec, defaultQuality: number): Variant {
  const { q = defaultQuality, w, fm, accept = "none" } = spec;
  return {
    key,
    quality: q,
    class: negotiate(browserAccept[accept], fm),
    ...(w !== undefined && { width: w }),
  };
}
