import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../config.ts";
import { createPool } from "../encode/pool.ts";
import { photo } from "./pictures.ts";

describe.runIf(isRoot())("with ENCODER_USER", () => {
  test("pixels are decoded by a process of that user, which owns nothing of the server's", async () => {
    const { config } = loadConfig("serve", [], { SOURCE: "/", ENCODER_USER: "65534:65534" });
    const pool = createPool({
      ...(config.encoderUser !== undefined && { worker: { user: config.encoderUser } }),
    });
    onTestFinished(() => pool.close());
    const output = { quality: 50, class: "jpg" } as const;
    const options = { lane: "live", signal: AbortSignal.timeout(20_000) } as const;
    for await (const { contentType } of pool.encode(await photo(64, 48).jpeg().toBuffer(), [output], options))
      expect(contentType).toBe("image/jpeg");
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
    const users = children.map(
      (pid) => /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1],
    );
    expect(users).toContain("65534");
  });

  test("a server that may not do so says it, and does not start", () => {
    const executable = fileURLToPath(new URL("../../bin/imgproxy-lite.js", import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [executable, "serve", "--source", "/"], {
      env: { ENCODER_USER: "65534:65534" },
      encoding: "utf8",
      uid: 65534,
    });
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining("ENCODER_USER takes a server that runs as root"),
    ]);
  });
});

function isRoot(): boolean {
  if (process.getuid?.() === 0) return true;
  if (process.env.CI === "true") throw new Error("CI has to run as root");
  console.log("skipped: not root, so no process of another user is started");
  return false;
}
