import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type IJob, Job } from "kubernetes-models/batch/v1";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { atFileEnd } from "../../server/test/support/file-end.ts";
import { startPod } from "../../server/test/support/pod.ts";
import { temporaryFolder } from "../../server/test/support/temporary-folder.ts";
import { found } from "./objects.ts";
import { hasKubectl, type KubeObject, render } from "./render.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const executable = join(root, "bin/imgproxy-lite.js");
const token = "a-token-of-the-test-alone";

const atEnd = atFileEnd();

describe.runIf(hasKubectl())("the gate of a blog's sync, run as the Job runs it", () => {
  let work: string;
  let proxy: string;

  beforeAll(async () => {
    work = await temporaryFolder(atEnd);
    const photos = join(work, "photos");
    await writeBlog(join(work, "site"), photos);
    const settings = { SOURCE: photos, CACHE_DIR: join(work, "cache"), TOKEN: token };
    // It ends before its folder is deleted: the newest comes first.
    proxy = (await startPod(settings, undefined, atEnd)).url;
  });

  test("a site with all its photographs passes the Job, and is a published set under its commit", async () => {
    expect(await runJob({ HOME: work })).toBe(0);
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${proxy}api/published/blog.example/0a1b2c3`, { headers });
    expect(answer.status).toBe(200);
  });

  test("a missing photograph ends the Job at once, which fails the sync", async () => {
    writeFileSync(join(work, "site/content/missing.md"), "![worms](nowhere/at-all.jpg)\n");
    const exit = await runJob({ HOME: work });
    const [first, rule] = job().spec?.podFailurePolicy?.rules ?? [];
    expect(first).toMatchObject({
      action: "Ignore",
      onPodConditions: [{ type: "DisruptionTarget", status: "True" }],
    });
    expect(rule).toMatchObject({ action: "FailJob", onExitCodes: { operator: "In", values: [exit] } });
    expect(exit).not.toBe(0);
  });

  async function runJob(env: Readonly<Record<string, string>>): Promise<number | null> {
    const values = new Map([
      ["PROXY", proxy],
      ["SITE", "blog.example"],
      ["REVISION", "0a1b2c3"],
    ]);
    const argv = found(job().spec?.template.spec?.containers[0]?.args, "arguments").map((word) =>
      word
        .replace("/site/current", join(work, "site"))
        .replace(/\$\((\w+)\)/g, (_, name) => found(values.get(name), name)),
    );
    const child = spawn(process.execPath, [executable, ...argv], {
      env: { PATH: process.env.PATH, TOKEN: token, ...env },
      stdio: "ignore",
    });
    const [exit] = await once(child, "exit");
    return exit;
  }
});

function job(): IJob {
  const jobs = render("argocd/publish").filter((object): object is KubeObject & IJob => Job.is(object));
  return found(
    jobs.find(({ metadata }) => metadata?.name === "imgproxy-lite-scan"),
    "the Job",
  );
}

test.runIf(hasKubectl())(
  "everything that the Job needs exists before it: all of the gate is before the sync, in order",
  () => {
    const notes = (object: KubeObject) =>
      Object.entries(object.metadata).find(([key]) => key === "annotations")?.[1] ?? {};
    const waves = render("argocd/publish").map((object) => [
      object.kind,
      object.metadata.name,
      notes(object),
    ]);
    const hook = "argocd.argoproj.io/hook";
    const wave = "argocd.argoproj.io/sync-wave";
    expect(waves).toEqual(
      expect.arrayContaining([
        ["ConfigMap", "imgproxy-lite-publish", expect.objectContaining({ [hook]: "PreSync", [wave]: "-1" })],
        ["NetworkPolicy", "imgproxy-lite-scan", expect.objectContaining({ [hook]: "PreSync", [wave]: "-1" })],
        ["Job", "imgproxy-lite-scan", expect.objectContaining({ [hook]: "PreSync" })],
        ["Job", "imgproxy-lite-edge", expect.objectContaining({ [hook]: "PostSync" })],
      ]),
    );
  },
);

/** One post with one small photograph. */
async function writeBlog(site: string, photos: string): Promise<void> {
  mkdirSync(join(site, "content"), { recursive: true });
  mkdirSync(photos);
  writeFileSync(
    join(site, "config.toml"),
    'baseURL = "https://blog.example/"\n[params.imgproxy]\nendpoint = "https://images.example/"\n',
  );
  writeFileSync(join(site, "content/worms.md"), "![worms](worms.jpg)\n");
  const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: "teal" } });
  await picture.jpeg().toFile(join(photos, "worms.jpg"));
}
