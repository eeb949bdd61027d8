import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../config/load.ts";
import { whyNoOtherUser } from "../../test/support/other-user.ts";
import { photo } from "../../test/support/pictures.ts";
import { startPod } from "../../test/support/pod.ts";
import { copyProgram } from "../../test/support/program-copy.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { createPool } from "../pool/pool.ts";
import { Worker } from "../pool/worker.ts";
import { patient } from "./patient.ts";

const USER = 65_534;
const ENCODER_USER = `${USER}:${USER}`;
const isRoot = process.getuid?.() === 0;
const skipped = whyNoOtherUser(USER);
if (skipped !== undefined) {
  if (process.env.CI === "true") throw new Error(`CI has to run everything, but ${skipped}`);
  console.log(`skipped: ${skipped}`);
}

describe.skipIf(skipped !== undefined)("with ENCODER_USER", () => {
  test("with ENCODER_USER, pixels are decoded by a process of that user, which owns nothing of the server", async () => {
    const { config } = loadConfig("serve", [], { SOURCE: "/", ENCODER_USER });
    const pool = createPool({
      ...patient,
      ...(config.encoderUser !== undefined && { worker: { user: config.encoderUser } }),
    });
    onTestFinished(() => pool.close());
    const output = { quality: 50, class: "jpg" } as const;
    const options = { lane: "live", signal: new AbortController().signal } as const;
    for await (const { contentType } of pool.encode(await photo(64, 48).jpeg().toBuffer(), [output], options))
      expect(contentType).toBe("image/jpeg");
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
    const users = children.map(
      (pid) => /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1],
    );
    expect(users).toContain(String(USER));
  });

  test("with ENCODER_USER, an encoder can read neither the server's environment and memory nor its secret files; without it, it can", async () => {
    const folder = await temporaryFolder();
    chmodSync(folder, 0o711);
    const secret = join(folder, "token");
    writeFileSync(secret, "the-token", { mode: 0o600 });
    const module = join(folder, "child.mjs");
    // Reads through its parent: files that an attacker's code in a decoder would read.
    const looking = `import { openSync } from "node:fs";
      const tried = ["/proc/" + process.ppid + "/environ", "/proc/" + process.ppid + "/mem", ${JSON.stringify(secret)}];
      const seen = tried.map((path) => { try { openSync(path); return "open"; } catch ({ code }) { return code; } });
      process.stderr.write(seen.join(" "));`;
    writeFileSync(module, looking, { mode: 0o644 });
    const words = async (user?: { readonly uid: number; readonly gid: number }): Promise<string> => {
      const worker = new Worker({ lane: "live", module, ...(user !== undefined && { user }) });
      await worker.ended;
      return worker
        .run({ kind: "versions" }, 1_000)
        .next()
        .then(
          () => "it answered",
          (error: Error) => error.message,
        );
    };
    expect(await words({ uid: USER, gid: USER })).toBe("EACCES EACCES EACCES");
    expect(await words()).toBe("open open open");
  });
});

describe("the start with ENCODER_USER", () => {
  test.skipIf(isRoot && skipped !== undefined)("a server that is not root refuses ENCODER_USER", () => {
    const executable = fileURLToPath(new URL("../../../bin/imgproxy-lite.js", import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [executable, "serve", "--source", "/"], {
      env: { ENCODER_USER },
      encoding: "utf8",
      ...(isRoot && { uid: USER }),
    });
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining("ENCODER_USER needs a server that runs as root"),
    ]);
  });

  test.runIf(isRoot)(
    "a server whose program ENCODER_USER cannot read names the folder and the remedy",
    async () => {
      const { folder, executable } = await copyProgram(0o700);
      const settings = { SOURCE: await temporaryFolder(), CACHE_DIR: await temporaryFolder(), ENCODER_USER };
      const [, words = ""] = await startPod(settings, executable).then(
        () => [],
        (error: Error) => /imgproxy-lite cannot start: (.*)$/m.exec(error.message) ?? [],
      );
      expect(words).toMatch(
        new RegExp(`^ENCODER_USER: user ${ENCODER_USER} may not (enter|read) \\S+, which`),
      );
      // If the user cannot read the whole clone or Node itself, the message names that first.
      if (skipped === undefined) expect(words).toContain(` ${folder},`);
      expect(words).toContain("or unset ENCODER_USER");
    },
  );
});
