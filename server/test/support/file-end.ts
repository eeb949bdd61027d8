import { afterAll } from "vitest";

/**
 * What a file has started for all of its tests ends after the last of them, the newest first. Call it at the top of the file: an
 * `afterAll` that is called in a hook or a test is never run.
 */
export function atFileEnd(): (end: () => Promise<void> | void) => void {
  const ends: (() => Promise<void> | void)[] = [];
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  return (end) => void ends.push(end);
}
