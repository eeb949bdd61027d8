import { obtainHugoVersions } from "../hugo.ts";

/** vitest's global setup: starts to download the versions of Hugo for the tests; the first test that needs one waits for them. */
export function setup(): void {
  void obtainHugoVersions();
}
