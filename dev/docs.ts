import { readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { generatedFiles, withTables } from "./pages/tables.ts";

/** `npm run docs`: writes the tables of the documentation from the definitions that the programs use. */
for (const file of generatedFiles) {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  await writeFile(`${path}.part`, withTables(file, await readFile(path, "utf8")));
  await rename(`${path}.part`, path);
}
