import { obtainHugoVersions } from "../hugo.ts";

/** vitest's global setup: begins to fetch the Hugos that tests build sites with; the first test that needs one waits for them. */
export function setup(): void {
  void obtainHugoVersions();
}
