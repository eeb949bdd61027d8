import { browserAccept } from "../../contract/accept.ts";
import type { VariantSpec } from "../../contract/api.ts";
import { type Variant, variantOf } from "../cache/cache.ts";
import { negotiate } from "../image/negotiate.ts";

/** The variant that a reader of that class gets. */
export function variantOfSpec(key: string, spec: VariantSpec, defaultQuality: number): Variant {
  const { q, w, ar, fp, fm, accept = "none" } = spec;
  const asked = {
    key,
    ...(q !== undefined && { quality: q }),
    ...(w !== undefined && { width: w }),
    ...(ar !== undefined && { ratio: ar }),
    ...(fp !== undefined && { focus: fp }),
  };
  return variantOf(asked, negotiate(browserAccept[accept], fm), defaultQuality);
}
