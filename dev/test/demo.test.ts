import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { browserAccept } from "../../contract/accept.ts";

const script = fileURLToPath(new URL("../../dist/dev/demo.js", import.meta.url));

test("npm run demo shows a blog whose images are warm, and Ctrl-C ends all of it", {
  timeout: 600_000,
}, async () => {
  const demo = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(demo, "exit");
  let output = "";
  for await (const chunk of demo.stdout) {
    output += String(chunk);
    if (output.includes("Ctrl-C")) break;
  }
  const [blog = "", photograph = ""] = output.match(/http:\/\/localhost:\d+\/\S*$/gm)?.slice(-2) ?? [];
  expect(await (await fetch(photograph)).blob()).toMatchObject({ type: expect.stringMatching(/^image\//) });

  const page = await (await fetch(`${blog}posts/worms/`)).text();
  const [, srcset = ""] = /<img [^>]*srcset="([^"]+)"/.exec(page) ?? [];
  const tiers = srcset.split(", ").map((tier) => tier.replaceAll("&amp;", "&").replace(/ \d+w$/, ""));
  expect(tiers.length).toBeGreaterThan(3);
  for (const tier of tiers) {
    const { headers } = await fetch(tier, { headers: { accept: browserAccept.avif } });
    expect([headers.get("content-type"), headers.get("cache-status")]).toEqual([
      "image/avif",
      "imgproxy-lite; hit",
    ]);
  }

  demo.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
  await expect(fetch(blog)).rejects.toThrow();
  await expect(fetch(photograph)).rejects.toThrow();
});
