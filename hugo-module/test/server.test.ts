import { spawn } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Hugo } from "../../dev/hugo.ts";
import { freePort } from "../../dev/machine/ports.ts";
import { createSite, extremes, hugoEnvironment, siteConfig, type TestSite } from "./hugo-site.ts";

const files = {
  "config.toml": siteConfig('[params.imgproxy]\nendpoint = "https://images.example/"'),
  "config/development/params.toml": '[imgproxy]\nendpoint = "http://localhost:5000/"\n',
  "assets/imgproxy.json": JSON.stringify({
    schema: 1,
    images: { "a.jpg": { width: 4000, height: 3000, version: "0123456789" } },
  }),
  "content/a.md": "![a](a.jpg)",
};

test.each(extremes)("hugo server $version uses the proxy of development, without versions", async (hugo) => {
  await using site = await createSite(files);
  const html = await servedPage(hugo, site, {});
  expect(html).toContain('src="http://localhost:5000/?img=a.jpg&amp;q=60&amp;w=1200"');
  expect(html).toContain('width="4000" height="3000"');
});

test.each(extremes)("hugo server $version reads the endpoint from the environment", async (hugo) => {
  await using site = await createSite(files);
  const html = await servedPage(hugo, site, { HUGO_PARAMS_IMGPROXY_ENDPOINT: "http://localhost:5999/" });
  expect(html).toContain('src="http://localhost:5999/?img=a.jpg&amp;q=60&amp;w=1200"');
});

/** `/a/` as a running `hugo server` prints it. */
async function servedPage(
  hugo: Hugo,
  site: TestSite,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const { port } = await freePort();
  const child = spawn(hugo.path, ["server", "--port", String(port), "--disableLiveReload"], {
    cwd: site.folder,
    env: hugoEnvironment(site.folder, env),
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    while (child.exitCode === null) {
      const answer = await fetch(`http://localhost:${port}/a/`).catch(() => undefined);
      if (answer?.ok) return await answer.text();
      await setTimeout(100);
    }
    throw new Error(`hugo server ${hugo.version} ended with ${child.exitCode}`);
  } finally {
    child.kill();
    await ended;
  }
}
