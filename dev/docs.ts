import { readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { generatedFile, withTables } from "./tables.ts";

/** `npm run docs`: writes the tables of README.md anew, from the definitions that the programs read. */
const readme = fileURLToPath(new URL(`../../${generatedFile}`, import.meta.url));
await writeFile(`${readme}.part`, withTables(await readFile(readme, "utf8")));
await rename(`${readme}.part`, readme);
