import { spawnSync } from "node:child_process";

/**
 * package.json's `prepare`: npm runs it after npm ci in a checkout, for a package from git, and before npm pack. It builds, but an
 * installation without the packages for it, as with --omit=dev, leaves dist/ as it is. Plain JavaScript: nothing is built yet.
 */
const missing = ["typescript", "rolldown"].filter((name) => !isInstalled(name));
const isPacking = ["pack", "publish"].includes(process.env.npm_command ?? "");
if (missing.length > 0 && !isPacking)
  process.stderr.write(
    `imgproxy-lite is not built now: without its devDependencies there is no ${missing.join(" and no ")}. To build it: npm ci --include=dev\n`,
  );
else process.exitCode = spawnSync("npm run -s build", { shell: true, stdio: "inherit" }).status ?? 1;

function isInstalled(name) {
  try {
    return import.meta.resolve(name) !== "";
  } catch {
    return false;
  }
}
