import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import remarkFrontmatter from "remark-frontmatter";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { visit } from "unist-util-visit";

/** The full parse of every post, as in a scanner without shortcuts; prints the number of images. */
const processor = unified().use(remarkParse).use(remarkFrontmatter, ["yaml", "toml"]).use(remarkGfm);
const content = process.argv[2] ?? "content";
let images = 0;
for (const name of await readdir(content, { recursive: true })) {
  if (!name.endsWith(".md")) continue;
  const tree = processor.parse(await readFile(path.join(content, name), "utf8"));
  visit(tree, "image", () => {
    images += 1;
  });
}
process.stdout.write(`${images} images\n`);
