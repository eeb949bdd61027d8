import type { Finding } from "../findings.ts";
import { findingAt, onceEach } from "../gallery/placed.ts";
import type { KnownPhotographs } from "../manifest.ts";
import { coverProblem, type PossibleGallery, shownUses } from "./galleries.ts";
import type { Page } from "./pages.ts";
import type { Reference } from "./references/reference.ts";
import { type Local, type PossibleUse, settleUse, type Use } from "./resolve.ts";

/** A post with photographs. */
export interface Post<OneUse = Use> {
  /** Relative to the site. */
  readonly file: string;
  /** The folder of the bucket, for a page that a content adapter makes of it. */
  readonly album?: string;
  readonly uses: readonly OneUse[];
}

/** A post before it is known which photographs exist. */
export interface PossiblePost extends Post<PossibleUse> {
  readonly galleries: readonly PossibleGallery[];
}

/** A page without its text. */
export interface SourcePage extends Pick<Page, "file" | "folder" | "values"> {
  readonly language: { readonly name: string };
}

/** A place that shows a file of the site. */
export interface LocalReference
  extends Local,
    Pick<Reference, "destination" | "isDerived" | "line" | "column" | "name"> {
  /** The content file, or the configuration; relative to the site. */
  readonly page: string;
  readonly as: "image" | "cover" | "preview" | "url";
}

/** The photographs in a site's content. */
export interface Found<OnePost = Post> {
  /** Number of content files that Hugo publishes, with or without photographs. */
  readonly pages: number;
  readonly posts: readonly OnePost[];
  /** Every content file that Hugo publishes, once for each language. */
  readonly sources: readonly SourcePage[];
  /** The places that show a file of the site instead of one of the bucket, once for each language of their page. */
  readonly locals: readonly LocalReference[];
  /** Number of `<img>` tags in raw HTML. Hugo has no hook for them, so they get no tiers. */
  readonly rawImages: number;
  readonly findings: readonly Finding[];
}

/** @param known content of the hook's manifest. */
export function settlePosts(found: Found<PossiblePost>, { images, galleries }: KnownPhotographs): Found {
  const posts = found.posts.map(({ galleries: own, uses, ...post }) => ({
    ...post,
    uses: [...uses, ...own.flatMap((gallery) => shownUses(gallery, galleries))].map((use) =>
      settleUse(use, (key) => images.has(key)),
    ),
  }));
  const findings = found.posts.flatMap(({ file, galleries: own }) =>
    own.flatMap((gallery) => {
      const message = coverProblem(gallery, galleries);
      return message === undefined ? [] : [findingAt({ ...gallery, file }, "warning", message)];
    }),
  );
  return { ...found, posts, findings: onceEach([...found.findings, ...findings]) };
}
