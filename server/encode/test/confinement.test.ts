import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { animation, photo } from "../../test/support/pictures.ts";
import { startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { findConfinement, unconfined } from "../pool/confinement.ts";
import { createPool } from "../pool/pool.ts";
import { Worker } from "../pool/worker.ts";
import { patient } from "./patient.ts";

/** Where Debian's packages of a newer util-linux and its libc are unpacked, for machines with an older one. */
const unpacked = process.env.SETPRIV_ROOT;
const libraries = `${unpacked}/usr/lib/x86_64-linux-gnu`;
const setpriv =
  unpacked === undefined
    ? ["/usr/bin/setpriv"]
    : [`${libraries}/ld-linux-x86-64.so.2`, "--library-path", libraries, `${unpacked}/usr/bin/setpriv`];
const find = (...also: readonly string[]) =>
  findConfinement(setpriv, [...also, ...(unpacked === undefined ? [] : [unpacked])]);

const lacks = (await find()) === unconfined;
if (lacks)
  console.log("skipped: no Landlock, or no setpriv of util-linux 2.41 (SETPRIV_ROOT names an unpacked one)");

test.skipIf(lacks)("an encoder with Landlock makes every format, within its memory limit", async () => {
  const confinement = await find();
  const pool = createPool({ ...patient, worker: { confinement: () => confinement } });
  onTestFinished(() => pool.close());
  const options = { lane: "live", signal: new AbortController().signal } as const;
  const classes = ["jpg", "webp", "avif", "png"] as const;
  const types: string[] = [];
  for (const original of [
    await photo(64, 48).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    await animation("gif", 3),
  ]) {
    const outputs = classes.map((one) => ({ quality: 50, class: one }));
    for await (const { contentType } of pool.encode(original, outputs, options)) types.push(contentType);
  }
  const all = classes.map((one) => `image/${one.replace("jpg", "jpeg")}`);
  expect(types).toEqual([...all, ...all]);
  const limits = children().map((pid) => readFileSync(`/proc/${pid}/limits`, "utf8"));
  expect(limits.some((text) => /^Max data size +\d+ /m.test(text))).toBe(true);
});

test.skipIf(lacks)(
  "an encoder with Landlock reads neither the server's environment and memory nor its files, and writes nowhere; one without does",
  async () => {
    const [program, data] = [await temporaryFolder(), await temporaryFolder()];
    writeFileSync(join(data, "token"), "the-token", { mode: 0o600 });
    const module = join(program, "child.mjs");
    // What an attacker's code in a decoder would try; the server is its parent.
    writeFileSync(
      module,
      `import { openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
      const server = "/proc/" + process.ppid;
      const data = ${JSON.stringify(data)};
      const tries = [
        () => readFileSync(server + "/environ"),
        () => openSync(server + "/mem"),
        () => readFileSync(server + "/maps"),
        () => readlinkSync(server + "/fd/0"),
        () => readFileSync(data + "/token"),
        () => readdirSync(data),
        () => writeFileSync(data + "/new", ""),
        () => writeFileSync(${JSON.stringify(module)}, ""),
      ];
      const seen = tries.map((run) => { try { run(); return "done"; } catch ({ code }) { return code; } });
      process.stderr.write(seen.join(" "));`,
    );
    const confinement = await find(program);
    const words = async (worker: Worker): Promise<string> => {
      await worker.ended;
      const run = worker.run({ kind: "versions" }, 1_000).next();
      return run.then(
        () => "it answered",
        (error: Error) => error.message,
      );
    };
    const confined = new Worker({ lane: "live", module, confinement: () => confinement });
    expect(await words(confined)).toBe(Array(8).fill("EACCES").join(" "));
    expect(readdirSync(data)).toEqual(["token"]);
    expect(await words(new Worker({ lane: "live", module }))).toBe(Array(8).fill("done").join(" "));
  },
);

test("a server says once at its start whether its encoders have Landlock, and makes images either way", async () => {
  const folder = await temporaryFolder();
  await photo(64, 48).jpeg().toFile(join(folder, "a.jpg"));
  const pod = await startPod({ SOURCE: folder, CACHE_DIR: await temporaryFolder() });
  const has = (await findConfinement()) !== unconfined;
  expect((await fetch(`${pod.url}?img=a.jpg&w=32&fm=webp`)).status).toBe(200);
  expect((await pod.logged()).match(/encoders run with(?:out)? Landlock/g)).toEqual([
    `encoders run ${has ? "with" : "without"} Landlock`,
  ]);
});

test("a setpriv that is absent or does not know Landlock is no confinement", async () => {
  expect(await findConfinement(["/nowhere/setpriv"])).toBe(unconfined);
  const isOld = !String(spawnSync("/usr/bin/setpriv", ["--help"]).stdout).includes("landlock");
  if (isOld) expect(await findConfinement(["/usr/bin/setpriv"])).toBe(unconfined);
});

/** Of this process, by pid. */
function children(): string[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
}
