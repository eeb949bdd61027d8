import { readdirSync, statSync } from "node:fs";

/**
 * The least cost of a program that looks at every file of a cache: readdir and stat. Synchronous, because nothing else waits
 * in this process; 16 promises at a time cost four times as much.
 */
let [files, bytes] = [0, 0];

function walk(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const below = `${folder}/${entry.name}`;
    if (entry.isDirectory()) walk(below);
    else {
      bytes += statSync(below).size;
      files += 1;
    }
  }
}

walk(process.argv[2] ?? ".");
process.stdout.write(`${files} files, ${bytes} bytes\n`);
