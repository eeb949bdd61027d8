import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `npm run test:node -- 24`: the tests on another Node, which npm's package `node` contains; with file names, these tests alone.
 * The tests start the server and the scan with the same Node.
 */
const [version, ...files] = process.argv.slice(2);
if (version === undefined || !/^\d+(?:\.\d+){0,2}$/.test(version)) {
  process.stderr.write("usage: npm run test:node -- VERSION [FILE…], with a version such as 24 or 20.19\n");
  process.exit(2);
}
const root = fileURLToPath(new URL("../../", import.meta.url));
const node = obtain(version, path.join(root, ".cache", "node", version));
process.stdout.write(`node ${execFileSync(node, ["--version"], { encoding: "utf8" })}`);
const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(node, [vitest, "run", "--project", "all", "--project", "mocking", ...files], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, PATH: `${path.dirname(node)}:${process.env.PATH}` },
});
process.exitCode = status ?? 1;

function obtain(version: string, folder: string): string {
  const node = path.join(folder, "node_modules", "node", "bin", "node");
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), "{}");
  execFileSync("npm", ["install", "--no-audit", "--no-fund", `node@${version}`], {
    cwd: folder,
    stdio: "inherit",
  });
  return node;
}
