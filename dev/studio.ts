import { copyFile, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

/** Builds the Studio's page into dist/server/studio/page/, as server/studio/page-files.ts serves it. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const from = `${root}server/studio/page/`;
const to = `${root}dist/server/studio/page/`;

await mkdir(to, { recursive: true });
await build({
  input: `${from}main.tsx`,
  platform: "browser",
  transform: { target: "es2023" },
  output: { file: `${to}studio.js`, format: "esm", minify: true },
  logLevel: "warn",
});
for (const name of ["index.html", "studio.css"]) await copyFile(from + name, to + name);
