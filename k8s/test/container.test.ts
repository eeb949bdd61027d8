import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forTests } from "../../server/test/support/pod.ts";
import { copiesOf, environmentOf, parseContainerfile, type Stage, wordsOf } from "./containerfile.ts";
import { debianRoot } from "./debian-root.ts";
import { found } from "./objects.ts";
import { buildRootfs, exists, type Rootfs, statusOf } from "./rootfs.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const stages = parseContainerfile(readFileSync(`${root}/Containerfile`, "utf8"));
const build = found(stages[0], "the build stage");
const runtime = found(stages[1], "the runtime stage");

test("both bases are pinned by digest", () => {
  expect(stages).toHaveLength(2);
  for (const { base } of stages)
    expect(base).toMatch(/^[a-z.]+\/[a-z0-9./-]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$/);
});

test("the image runs as an unprivileged user, and has a health check", () => {
  expect(runtime.instructions).toContainEqual({ keyword: "USER", rest: "65532:65532" });
  expect(wordsOf(runtime, "CMD")).toEqual(["serve"]);
  expect(wordsOf(runtime, "HEALTHCHECK")).toEqual([...wordsOf(runtime, "ENTRYPOINT"), "health"]);
});

test("the build copies exactly the files that .containerignore allows", () => {
  const through = readFileSync(`${root}/.containerignore`, "utf8").matchAll(/^!(.+)$/gm);
  const copied = stages.flatMap(copiesOf).filter(({ from }) => from === undefined);
  expect([...through].map(([, name]) => name).sort()).toEqual(
    copied.flatMap(({ sources }) => sources).sort(),
  );
});

test("each podman command for the build keeps the health check, which podman's own format does not have", () => {
  const guides = ["README.md", "CONTRIBUTING.md", "docs/machine/README.md", "k8s/README.md"];
  const said = [...guides, "Containerfile"].flatMap(
    (file) => readFileSync(`${root}/${file}`, "utf8").match(/podman build .*/g) ?? [],
  );
  expect(said.length).toBeGreaterThan(1);
  for (const command of said) expect(command).toMatch(/^podman build --format docker /);
});

describe.runIf(canEnter())("built and run without an engine, read-only, as that user", () => {
  let system: string;
  let image: Rootfs;
  let server: ChildProcess;
  let urls: Addresses;

  beforeAll(async () => {
    system = await debianRoot();
    image = buildRootfs(root, [build, runtime] satisfies [Stage, Stage], system);
    cpSync(`${root}/hugo-module/exampleSite/photos`, `${image.folder}/photos`, { recursive: true });
    server = image.run([...wordsOf(runtime, "ENTRYPOINT"), ...wordsOf(runtime, "CMD")], {
      ...environmentOf(runtime),
      ...forTests,
      SOURCE: "/photos",
      SECRET_OF_THE_TEST: "hunter2",
    });
    urls = await addressesOf(server);
  });
  afterAll(() => {
    server?.kill("SIGKILL");
    image?.remove();
  });

  test("the container serves a photograph in the reader's format", async () => {
    const answer = await fetch(`${urls.url}?img=worms.jpg&q=33&w=480`, { headers: { accept: "image/avif" } });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/avif"]);
  });

  test("the container's process is unprivileged, without groups and capabilities, and cannot gain any", () => {
    const status = statusOf(found(server.pid, "its pid"));
    expect(status.get("Uid")).toBe("65532\t65532\t65532\t65532");
    expect(status.get("Groups")).toBe("");
    expect(status.get("CapEff")).toBe("0000000000000000");
    expect(status.get("NoNewPrivs")).toBe("1");
  });

  test("the container has no shell, no package manager, and none of our sources or tests", () => {
    for (const file of [
      "bin/sh",
      "usr/bin/npm",
      "app/server",
      "app/dist/dev",
      "app/node_modules/vitest",
      "app/dist/server/test",
    ])
      expect([file, exists(`${image.folder}/${file}`)]).toEqual([file, false]);
  });

  test("encoders in the container get the allocator's setting and no secret", async () => {
    await fetch(`${urls.url}?img=worms.jpg&q=34&w=480`, { headers: { accept: "image/webp" } });
    const environments = await filesOfEncoders(server, "environ");
    for (const environment of environments) {
      expect(environment).toContain("MALLOC_ARENA_MAX=1");
      expect(environment).not.toContain("hunter2");
    }
  });

  test("an encoder that has worked has a hard limit on its memory", async () => {
    await fetch(`${urls.url}?img=worms.jpg&q=35&w=480`, { headers: { accept: "image/webp" } });
    const limits = await filesOfEncoders(server, "limits");
    expect(limits.filter((text) => /^Max data size +\d+ /m.test(text)).length).toBeGreaterThan(0);
  });

  test("encoders in the container are confined by Landlock", ({ skip }) => {
    if (system === "/") skip();
    expect(urls.log).toContain("encoders run with Landlock");
  });

  test("the container's health check accepts the running server, and nothing else", async () => {
    const check = (port: string) => exitOf(image.run(wordsOf(runtime, "HEALTHCHECK"), { ADMIN_PORT: port }));
    expect(await check(new URL(urls.admin).port)).toBe(0);
    expect(await check("1")).toBe(1);
  });

  test("the container can run gc, which sweeps its cache, and scan, which reads a site without Hugo", async () => {
    cpSync(`${root}/hugo-module/exampleSite`, `${image.folder}/site`, { recursive: true });
    const programs = [
      ["gc", "--dry-run"],
      ["scan", "--site", "/site", "--dry-run", "--json"],
    ];
    for (const argv of programs) {
      const child = image.run([...wordsOf(runtime, "ENTRYPOINT"), ...argv], environmentOf(runtime));
      child.stdout?.resume();
      expect([argv[0], await exitOf(child)]).toEqual([argv[0], 0]);
    }
  });

  test("the container exits with 0 on a signal", async () => {
    server.kill("SIGTERM");
    expect(await exitOf(server)).toBe(0);
  });
});

/** Creating mounts needs root; CI has it. */
function canEnter(): boolean {
  try {
    execFileSync("unshare", ["--mount", "setpriv", "--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CI === "true") throw new Error("unshare --mount is not allowed; run CI as root");
    console.log("skipped: not root, so the image is not run");
    return false;
  }
}

interface Addresses {
  readonly url: string;
  readonly admin: string;
  /** The lines until it listened. */
  readonly log: string;
}

/** The server logs the address on which it listens. */
async function addressesOf(server: ChildProcess): Promise<Addresses> {
  let text = "";
  server.stderr?.pipe(process.stderr);
  for await (const chunk of server.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    text += chunk;
    const [, url, admin] = /"url":"([^"]+)","admin":"([^"]+)"/.exec(text) ?? [];
    if (url === undefined || admin === undefined) continue;
    // A server whose output nobody reads would wait.
    server.stdout?.resume();
    return { url, admin, log: text };
  }
  throw new Error(`the server ended before it served: ${text}`);
}

/** A file of `/proc` for each encoder, once there is one. A child that starts is still its parent, and another may end meanwhile. */
async function filesOfEncoders({ pid }: ChildProcess, name: string): Promise<readonly string[]> {
  for (; ; await delay(50)) {
    const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(" ");
    const encoders = children.filter((child) => read(`/proc/${child}/cmdline`).includes("encode/child"));
    const files = encoders.map((child) => read(`/proc/${child}/${name}`)).filter((text) => text !== "");
    if (files.length > 0) return files;
  }
}

/** Empty when the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = await once(child, "exit");
  return code;
}
