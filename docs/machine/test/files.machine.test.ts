import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { whyNoOtherUser } from "../../../server/test/support/other-user.ts";
import { startPod } from "../../../server/test/support/pod.ts";
import { copyProgram } from "../../../server/test/support/program-copy.ts";
import { temporaryFolder } from "../../../server/test/support/temporary-folder.ts";
import { has, machine, writeNginx } from "./front.ts";

const text = (file: string): string => readFileSync(path.join(machine, file), "utf8");
const readme = readFileSync(path.join(machine, "../../README.md"), "utf8");

test.runIf(has("caddy"))("Caddy accepts the Caddyfile, and has nothing to format in it", () => {
  const file = path.join(machine, "Caddyfile");
  const { status, stderr } = spawnSync("caddy", ["validate", "--config", file, "--adapter", "caddyfile"]);
  expect([status, `${stderr}`]).toEqual([0, expect.stringContaining('"logger"')]);
  expect(`${stderr}`).not.toContain('"level":"warn"');
  expect(execFileSync("caddy", ["fmt", file], { encoding: "utf8" })).toBe(text("Caddyfile"));
});

test.runIf(has("nginx"))("nginx accepts its file, with a certificate", async () => {
  const folder = await temporaryFolder();
  const [key, certificate] = [path.join(folder, "privkey.pem"), path.join(folder, "fullchain.pem")];
  const subject = ["-subj", "/CN=images.example", "-days", "1"];
  const made = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    key,
    "-out",
    certificate,
    ...subject,
  ];
  execFileSync("openssl", made, { stdio: "ignore" });
  const config = await writeNginx(
    text("nginx.conf").replaceAll("/etc/letsencrypt/live/images.example", folder),
  );
  const { status, stderr } = spawnSync("nginx", ["-t", "-c", config, "-e", "stderr"]);
  expect([status, `${stderr}`]).toEqual([0, expect.stringContaining("test is successful")]);
  expect(`${stderr}`).not.toContain("[warn]");
});

describe.runIf(has("systemd-analyze"))("systemd", () => {
  /** Verified on this machine: node may be elsewhere, and the package is not installed. */
  async function unit(): Promise<string> {
    const file = path.join(await temporaryFolder(), "imgproxy-lite.service");
    writeFileSync(file, text("imgproxy-lite.service").replace("/usr/bin/node", process.execPath));
    return file;
  }

  test("systemd has nothing to say about the unit", async () => {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", await unit()]);
    expect([status, `${stdout}${stderr}`]).toEqual([0, ""]);
  });

  test("systemd counts an exposure of at most 1.5", async () => {
    const file = await unit();
    const args = ["security", "--offline=true", "--no-pager", "--threshold=15", file];
    const { status, stdout } = spawnSync("systemd-analyze", args);
    expect([status, `${stdout}`]).toEqual([0, expect.stringContaining("Overall exposure level")]);
  });
});

describe("containers", () => {
  interface Compose {
    readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly volumes: object;
  }
  const compose = load(text("compose.yaml")) as Compose;
  const server = compose.services["imgproxy-lite"] ?? {};

  test("the line for podman has the same image, settings, volume and limits as the server of Compose", () => {
    const [, line = ""] = /^(podman run [\s\S]*?[^\\])\n/m.exec(text("README.md")) ?? [];
    const words = line.replaceAll("\\\n", "").split(/\s+/);
    const valuesOf = (option: string) =>
      words.flatMap((word, at) => (word === `--${option}` ? [words[at + 1] ?? ""] : []));
    const { TRUSTED_PROXIES } = server.environment as Readonly<Record<string, string>>;
    expect(server.image).toBe(`\${IMAGE:-${words.at(-1)}}`);
    expect({
      restart: valuesOf("restart")[0],
      env_file: valuesOf("env-file")[0],
      environment: valuesOf("env"),
      volumes: valuesOf("volume"),
      tmpfs: valuesOf("tmpfs"),
      read_only: words.includes("--read-only"),
      cap_drop: valuesOf("cap-drop"),
      security_opt: valuesOf("security-opt"),
      mem_limit: valuesOf("memory")[0],
      pids_limit: Number(valuesOf("pids-limit")[0]),
      stop_grace_period: `${valuesOf("stop-timeout")[0]}s`,
    }).toEqual({
      ...server,
      image: undefined,
      environment: [`TRUSTED_PROXIES=${TRUSTED_PROXIES}`],
    });
  });

  test("every file and volume that compose.yaml names exists", () => {
    const files = Object.values(compose.services).flatMap(({ env_file, volumes }) => [
      ...(typeof env_file === "string" ? [env_file] : []),
      ...(volumes as string[]).map((volume) => volume.split(":")[0] ?? ""),
    ]);
    for (const name of files)
      if (name.startsWith("./") || name.includes(".env")) expect(text(name)).not.toBe("");
      else expect(Object.keys(compose.volumes)).toContain(name);
  });

  test("one release: Compose, podman, and Kubernetes name the image of this version", () => {
    const kubernetes = load(
      readFileSync(path.join(machine, "../../k8s/image/kustomization.yaml"), "utf8"),
    ) as { readonly images: readonly { readonly newName: string; readonly newTag: string }[] };
    const { newName, newTag } = kubernetes.images[0] ?? { newName: "", newTag: "" };
    expect(server.image).toBe(`\${IMAGE:-${newName}:${newTag}}`);
    const { version } = JSON.parse(readFileSync(path.join(machine, "../../package.json"), "utf8"));
    expect(newTag).toBe(version);
  });
});

test("the settings file starts a server, as it is", async () => {
  const pairs = text("imgproxy-lite.env")
    .split("\n")
    .filter((line) => /^\w/.test(line))
    .map((line) => line.split("="));
  const folder = await temporaryFolder();
  const settings = { ...Object.fromEntries(pairs), CACHE_DIR: path.join(folder, "cache") };
  const server = await startPod(settings);
  expect((await fetch(new URL("readyz", server.adminUrl))).status).toBe(200);
  expect((await fetch(`${server.url}api/probe`, { method: "POST" })).status).toBe(404);
});

const reason = whyNoOtherUser(65534);
if (reason !== undefined) console.log(`skipped: the README's command as an ordinary user: ${reason}`);
test.skipIf(reason !== undefined)(
  "the README's own command starts a server for an ordinary user",
  async () => {
    const [, command = ""] = /^( +SOURCE=s3[\s\S]*? serve)\n/m.exec(readme) ?? [];
    const { folder } = await copyProgram();
    const home = await temporaryFolder();
    execFileSync("chown", ["-R", "65534:65534", home, folder]);
    const script = command.replace(
      "npx --no imgproxy-lite",
      `exec "${process.execPath}" bin/imgproxy-lite.js`,
    );
    const args = ["-ec", `cd "${folder}"; export HOME="${home}"; ${script}`];
    const within = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", "sh", ...args];
    const server = await startPod({}, undefined, undefined, within);
    expect((await fetch(new URL("readyz", server.adminUrl))).status).toBe(200);
  },
);
