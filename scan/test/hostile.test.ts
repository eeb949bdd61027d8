import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { freePort } from "../../dev/machine/ports.ts";
import { createSite } from "../../hugo-module/test/hugo-site.ts";
import { startStandIn } from "../proxy/test/stand-in.ts";
import { manifestOf } from "./blog.ts";
import { type RunOptions, run } from "./command.ts";

const config = `baseURL = "https://blog.example/"
theme = "imgproxy-lite"
[params.imgproxy]
endpoint = "https://images.example/"
`;
const good = {
  key: "worms.jpg",
  width: 4000,
  height: 3000,
  type: "image/jpeg",
  bytes: 1_000_000,
  version: "0123456789",
  frames: 1,
  alpha: false,
  color: "#102030",
  placeholder: "UklGRg==",
};
const manifest = {
  schema: 1,
  images: { "worms.jpg": { width: 4000, height: 3000, version: "abcdef0123" } },
};
const blog = {
  "config.toml": config,
  "content/a.md": "![worms](worms.jpg)\n",
  "assets/imgproxy.json": JSON.stringify(manifest),
};

/** A server that answers everything with this. */
async function startAnswering(status: number, type: string, bodyOf: (path: string) => string) {
  const server = createServer((request, response) => {
    response.writeHead(status, { "content-type": type }).end(bodyOf(request.url ?? ""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const token = { TOKEN: "a-token-of-some-length" };
const scan = (folder: string, endpoint: string, env: RunOptions["env"] = {}, ...more: string[]) =>
  run(["--site", folder, "--endpoint", endpoint, ...more], { env });

describe("invalid answers of a server", () => {
  // The rest of the rules: contract/test/manifest.test.ts.
  const wrong = [
    ["color", `red"><script>alert(1)</script>`, "#rrggbb"],
    ["height", 0, "a whole number of pixels"],
    ["type", "image/jpeg\nx", "a media type"],
    ["frames", 0, "a whole number"],
    ["key", "other.jpg", "the key that was asked about"],
  ] as const;

  test("an invalid answer of a server ends the scan with the invalid field, and the manifest stays", async () => {
    await using site = await createSite(blog);
    const answer = { value: "" };
    await using server = await startAnswering(200, "application/json", (path) =>
      path.startsWith("/api") ? `{"images":{"worms.jpg":${answer.value}}}` : answer.value,
    );
    for (const [at, [member, value, takes]] of wrong.entries()) {
      answer.value = JSON.stringify({ ...good, [member]: value });
      const ran = await scan(site.folder, server.endpoint, at % 2 === 0 ? token : {});
      expect([member, ran.code, ran.stdout]).toEqual([member, 2, ""]);
      expect(ran.stderr).toMatch(/^imgproxy-lite scan: http:[^\n]+ is not an imgproxy-lite server [^\n]+\n$/);
      expect(ran.stderr).toContain(`where the ${member} of worms.jpg belongs, ${takes}`);
    }
    expect(await manifestOf(site.folder)).toEqual(manifest);
  });

  test.each([
    [200, "text/html", "<title>Welcome to nginx!</title>", '200 (text/html, "Welcome to nginx!")'],
    [404, "text/html", "<title>404 Not Found</title>", '404 (text/html, "404 Not Found")'],
    [404, "application/json", `{"code":"not_found","message":"no such page"}`, "404 (application/json)"],
    [200, "application/json", "[]", ""],
    [200, "application/json", `{"images":[]}`, ""],
  ])(
    "a server that is %i %s %s is reported as not imgproxy-lite, with a token and without",
    async (status, type, body, seen) => {
      await using site = await createSite(blog);
      await using server = await startAnswering(status, type, () => body);
      for (const env of [token, {}]) {
        const { code, stdout, stderr } = await scan(site.folder, server.endpoint, env);
        expect([code, stdout]).toEqual([2, ""]);
        expect(stderr).toContain("is not an imgproxy-lite server");
        expect(stderr).toContain("s --endpoint right?");
        expect(stderr).toContain(seen);
      }
      expect(await manifestOf(site.folder)).toEqual(manifest);
    },
  );
});

test("a server that is not there is named after two seconds, once, also with --json, and the scan waits on", async () => {
  await using site = await createSite(blog);
  const { port } = await freePort();
  const endpoint = `http://127.0.0.1:${port}/`;
  for (const more of [[], ["--json"]]) {
    const { code, stdout, stderr } = await scan(site.folder, endpoint, {}, "--timeout", "5s", ...more);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /^waiting for http:\/\/127\.0\.0\.1:\d+, up to 5 s: it cannot be reached: connect ECONNREFUSED .*\nimgproxy-lite scan: .*cannot be reached: .*; waited 5 s: start the server there, or correct .*\n$/,
    );
  }
});

test("a server that accepts connections and answers nothing is named, long before the scan gives up", async () => {
  await using site = await createSite(blog);
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const { stderr } = await scan(site.folder, endpoint, {}, "--timeout", "3s");
  expect(stderr).toMatch(/^waiting for \S+, up to 3 s: it gives no answer\n/);
  silent.closeAllConnections();
  silent.close();
});

test("an answer that is not the server's ends the scan, also if its connection stays open", async () => {
  await using site = await createSite(blog);
  const other = createServer((_, response) => {
    response.writeHead(404, { "content-type": "application/json" }).end('{"error":"no such page"}');
  }).listen(0, "127.0.0.1");
  other.keepAliveTimeout = 0;
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as AddressInfo;
  const { code, stderr } = await scan(site.folder, `http://127.0.0.1:${port}/`);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/is not an imgproxy-lite server \(it answers 404 \(application\/json\)\)/),
  ]);
  const secure = await scan(site.folder, `https://127.0.0.1:${port}/`, {}, "--timeout", "1s");
  // A busy machine may take so long that the scan says that it waits.
  expect(secure.stderr.replace(/^waiting for .*\n/, "")).toMatch(
    /^imgproxy-lite scan: https:\S+ cannot be reached: it does not speak TLS at this address: write http:\/\/ .* \([A-Z_]+\); waited 1 s: .*\n$/,
  );
  other.closeAllConnections();
  other.close();
});

test("an endpoint that only leads to another address is named with that address", async () => {
  await using site = await createSite(blog);
  const moved = createServer((_, response) => {
    response.writeHead(301, { location: "https://images.example/" }).end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => moved.once("listening", resolve));
  const endpoint = `http://127.0.0.1:${(moved.address() as AddressInfo).port}/`;
  const { code, stderr } = await scan(site.folder, endpoint);
  expect(code).toBe(2);
  expect(stderr).toContain(
    "answers 301 (to https://images.example/): the scan follows no redirect. Set the endpoint",
  );
  moved.closeAllConnections();
  moved.close();
});

describe("a good manifest", () => {
  test("a good manifest stays if no photograph exists, with a message, and is emptied if the site shows none", async () => {
    await using proxy = await startStandIn({});
    await using site = await createSite(blog);
    const lost = await scan(site.folder, proxy.endpoint);
    expect(lost.code).toBe(1);
    expect(lost.stdout).toContain("none of 1 photograph exists, so imgproxy.json is not changed");
    expect(await manifestOf(site.folder)).toEqual(manifest);
    await writeFile(`${site.folder}/content/a.md`, "no photograph\n");
    expect((await scan(site.folder, proxy.endpoint)).code).toBe(0);
    expect(await manifestOf(site.folder)).toEqual({ schema: 2, images: {} });
  });

  test("a manifest that cannot be read does not count as empty", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 4000 });
    await using site = await createSite(blog);
    const file = `${site.folder}/assets/imgproxy.json`;
    await chmod(file, 0o000);
    const { code, stderr } = await run(["--site", site.folder, "--endpoint", proxy.endpoint], {
      permissions: true,
    });
    expect([code, stderr]).toMatchObject([
      2,
      expect.stringMatching(/imgproxy\.json cannot be read \(EACCES\); make it/),
    ]);
    await chmod(file, 0o644);
    expect(await manifestOf(site.folder)).toEqual(manifest);
  });

  test("a manifest of a later version stops a scan, a dry run and a check, and stays as it is", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 4000 });
    const newer = { ...manifest, schema: 3 };
    await using site = await createSite({
      ...blog,
      "assets/imgproxy.json": JSON.stringify(newer),
      "public/index.html": "<p>built</p>",
    });
    for (const more of [[], ["--dry-run"], ["--check", "public"]]) {
      const { code, stderr } = await scan(site.folder, proxy.endpoint, {}, ...more);
      expect([more, code]).toEqual([more, 2]);
      expect(stderr).toMatch(
        /imgproxy\.json has schema 3, and this version reads 1 to 2: scan with the version that/,
      );
    }
    expect(await manifestOf(site.folder)).toEqual(newer);
  });

  test("a manifest of schema 1 is read, and written as schema 2", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 4000 });
    await using site = await createSite(blog);
    const planned = await scan(site.folder, proxy.endpoint, {}, "--dry-run", "--json");
    expect(planned.stdout).toContain("v=abcdef0123");
    await scan(site.folder, proxy.endpoint);
    expect(await manifestOf(site.folder)).toMatchObject({
      schema: 2,
      images: { "worms.jpg": { height: 2000 } },
    });
  });

  test("invalid entries of a manifest are ignored, and not written again", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 4000, "other.jpg": 0 });
    const evil = { ...manifest.images["worms.jpg"], color: `red"><script>` };
    await using site = await createSite({
      ...blog,
      "content/a.md": "![](worms.jpg) ![](other.jpg)",
      "assets/imgproxy.json": JSON.stringify({ schema: 1, images: { "worms.jpg": evil, "other.jpg": evil } }),
    });
    await scan(site.folder, proxy.endpoint);
    expect(await readFile(`${site.folder}/assets/imgproxy.json`, "utf8")).not.toContain("script");
  });
});

describe("text from outside in the output", () => {
  const attacks = [
    "\u001b]0;title\u0007",
    "\n::error::forged",
    "\r::warning::forged",
    "\u009b31m",
    "\u202efdp",
  ];
  const commands = (text: string) => text.split(/[\r\n]+/).filter((line) => /^\s*::|##\w*\[/.test(line));
  const controls = /(?!\n)[\p{Cc}\u202e]/u;

  test("text from keys, file names and answers is printed without controls and without commands for a CI runner", async () => {
    const detail = `no${attacks.join("")} ##[error]x ##vso[task.x]y`;
    const problem = JSON.stringify({ code: "source-absent", title: "x", detail, status: 404 });
    await using server = await startAnswering(404, "application/problem+json", () => problem);
    await using site = await createSite({
      "config.toml": config,
      "content/a.md": attacks.map((words) => `![](${encodeURIComponent(words)}.jpg)`).join("\n\n"),
      "content/::error file=x::b.md": "![](%23%23[error]x.jpg)",
    });
    for (const env of [{}, { GITHUB_ACTIONS: "true" }]) {
      const { code, stdout, stderr } = await scan(site.folder, server.endpoint, env);
      expect([code, stdout.match(controls), stderr.match(controls)]).toEqual([1, null, null]);
      const findings = stdout
        .split("\n")
        .filter((line) => /^\S.*: error: /.test(line) && !line.startsWith("::"));
      expect(findings).toHaveLength(attacks.length + 1);
      // The annotations are commands, and ours.
      const given = commands(stdout);
      expect(given.every((line) => /^::error file=[^:,]+,line=\d+,col=\d+::(?!.*##\w*\[)/.test(line))).toBe(
        true,
      );
      expect([given.length, commands(stderr)]).toEqual(["GITHUB_ACTIONS" in env ? findings.length : 0, []]);
    }
    const { stdout } = await scan(site.folder, server.endpoint, {}, "--json");
    expect([stdout.match(controls), commands(stdout)]).toEqual([null, []]);
    expect(
      JSON.parse(stdout).findings.some(({ message }: { message: string }) =>
        message.startsWith("##[error]x.jpg"),
      ),
    ).toBe(true);
  });

  test("text from keys and answers is also safe when the scan cannot run", async () => {
    await using server = await startAnswering(500, "application/problem+json", () =>
      JSON.stringify({
        code: "source-misconfigured",
        title: "x",
        detail: `no${attacks.join("")}`,
        status: 502,
      }),
    );
    await using site = await createSite(blog);
    const { code, stdout, stderr } = await scan(site.folder, server.endpoint);
    expect([code, stderr.match(controls), commands(`${stdout}${stderr}`)]).toEqual([2, null, []]);
    expect(stderr).toContain("\\u{1b}]0;title");
  });
});
