import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readProcFile } from "../proc-file.ts";

test.skipIf(process.platform !== "linux")(
  "a file in /proc is read whole, and the read leaves no garbage outside of the heap",
  () => {
    const limits = "/proc/self/limits";
    expect(readProcFile(limits)).toBe(readFileSync(limits, "latin1"));
    const { arrayBuffers } = process.memoryUsage();
    for (let count = 0; count < 50; count++) readProcFile(limits);
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(1e5);
    expect(() => readProcFile("/proc/self/nothing")).toThrow("ENOENT");
  },
);
