import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { formatManifest, MANIFEST_SCHEMA } from "../../../contract/manifest.ts";
import { projectRoot } from "../paths.ts";

export interface SiteOptions {
  readonly posts: number;
  /** Images in each post that has any. */
  readonly images: number;
  /** Every second post has none, as on most blogs; otherwise all posts have images. */
  readonly everySecond: boolean;
  /** The number of posts that can have images: the first ones. Default: all. */
  readonly illustrated?: number;
  /** Whether images are in lists with code, where only a parser can find them. */
  readonly nested?: boolean;
  /** The render hook. */
  readonly hook: "none" | "embedded" | "ours";
  /** Number of photographs in the manifest; 0: no manifest. */
  readonly manifest: number;
  /** Lines of `[params.imgproxy]`. */
  readonly params?: string;
}

/** A Hugo site of about 5 KB a post; always the same. */
export async function writeSite(folder: string, options: SiteOptions): Promise<void> {
  const posts = path.join(folder, "content", "posts");
  const layouts = path.join(folder, "layouts");
  await mkdir(posts, { recursive: true });
  await mkdir(path.join(folder, "assets"), { recursive: true });
  await mkdir(path.join(layouts, "_default"), { recursive: true });
  await writeFile(path.join(folder, "config.toml"), configOf(options));
  await writeFile(
    path.join(layouts, "_default", "single.html"),
    "<!doctype html><title>{{ .Title }}</title>{{ .Content }}\n",
  );
  await writeFile(
    path.join(layouts, "_default", "list.html"),
    "<!doctype html><title>{{ .Title }}</title>\n",
  );
  if (options.manifest > 0)
    await writeFile(path.join(folder, "assets", "imgproxy.json"), manifestOf(options.manifest));
  for (let post = 0; post < options.posts; post++)
    await writeFile(path.join(posts, `post-${post}.md`), postOf(post, options));
}

/** The key of a photograph that posts show. */
export function photoKey(number: number): string {
  return `trips/photo-${number}.jpg`;
}

/** The keys that the posts of such a site show. */
export function photoKeys(options: SiteOptions): string[] {
  const { posts, images } = options;
  return Array.from({ length: posts }, (_, post) => post)
    .filter((post) => isIllustrated(post, options))
    .flatMap((post) => Array.from({ length: images }, (_, image) => photoKey(post * images + image)));
}

// --- files ---

function configOf({ hook, params = "" }: SiteOptions): string {
  return `baseURL = "https://blog.example/"
title = "Bench"
disableKinds = ["taxonomy", "term", "RSS", "sitemap"]
[params.imgproxy]
  endpoint = "http://127.0.0.1:9/"
${params}${hook === "embedded" ? "[markup.goldmark.renderHooks.image]\n  useEmbedded = 'always'\n" : ""}${
  hook === "ours"
    ? `[module]
  replacements = "github.com/imgproxy-lite/imgproxy-lite -> ${projectRoot}"
  [[module.imports]]
    path = "github.com/imgproxy-lite/imgproxy-lite"
`
    : ""
}`;
}

function manifestOf(photos: number): string {
  const images = Array.from({ length: photos }, (_, number) => {
    const version = number.toString(16).padStart(10, "0");
    return [photoKey(number), { width: 4032, height: 3024, version }] as const;
  });
  return formatManifest({ schema: MANIFEST_SCHEMA, images: Object.fromEntries(images) });
}

function isIllustrated(post: number, { everySecond, illustrated = post + 1 }: SiteOptions): boolean {
  return post < illustrated && !(everySecond && post % 2 === 1);
}

function postOf(post: number, options: SiteOptions): string {
  const { images, nested = false } = options;
  const shown = isIllustrated(post, options) ? images : 0;
  const head = `---\ntitle: "Post ${post}"\ndate: 2024-01-${String((post % 28) + 1).padStart(2, "0")}\ntags: [a, b]\n---\n`;
  const sections = Array.from({ length: 8 }, (_, section) => {
    const image = `![Photo ${section}](${photoKey(post * images + section)} "A title")`;
    const picture = section >= shown ? "" : nested ? inList(image) : `\n${image}\n`;
    return `\n## Section ${section}\n\n${PROSE}\n${picture}`;
  });
  const fence = post % 20 === 0 ? "\n```md\n![not](an-image.jpg)\n```\n" : "";
  return head + sections.join("") + fence;
}

function inList(image: string): string {
  return `\n1. A step with a command:\n\n   \`\`\`sh\n   make it\n   \`\`\`\n\n   > ${image}\n\n2. Another step.\n`;
}

const PROSE = `Some *words* about a walk with [a link](https://example.org/) and \`code\`, long enough to be a paragraph as
people write them, with a list after it and nothing in it that anyone would want to read twice or even once. It goes
on for a while, because the posts of a blog do; there are **bold** words, and there is a footnote-like thing in (brackets).

- one thing and another, which has a few words of its own
- a second thing that is somewhat longer than the first one was`;
