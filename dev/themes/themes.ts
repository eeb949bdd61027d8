import type { Page } from "playwright-core";
import { becomes } from "./look.ts";

/** A theme that the module is tested with. Its recipe is hugo-module/themes/<name>.md. */
export interface Theme {
  readonly name: string;
  readonly from: Repository | Packages;
  /** Lines of `hugo.toml` that turn off what a build would fetch from another host. */
  readonly offline?: string;
  /** Hugo's, where a theme's production build asks for more than the machine has. */
  readonly environment?: string;
  /** A program on PATH without which the theme cannot be built, such as `sass`. */
  readonly needs?: string;
  /** Where the recipe's post is, whose cover is `cover.jpg`. */
  readonly post: string;
  /** False for a theme that uses covers only for link previews. */
  readonly showsCovers?: false;
  /** Pages with cards or a list. */
  readonly lists?: readonly string[];
  /** The page whose gallery or lightbox is tested, and how. `act` returns a problem if it fails. */
  readonly gallery?: { readonly page: string; act(page: Page): Promise<string | undefined> };
}

/** On GitHub. */
export interface Repository {
  readonly repository: string;
  /** That Go fetches where no folder has the theme. */
  readonly commit: string;
}

/** Of npm, with their versions; the site has them as its `node_modules`. */
export interface Packages {
  readonly npm: readonly string[];
}

export const themes: readonly Theme[] = [
  {
    name: "papermod",
    from: { repository: "adityatelange/hugo-PaperMod", commit: "d3768854d00ad003b0a8dbdba254ce9224377a01" },
    post: "posts/lake/",
    lists: ["", "posts/"],
  },
  {
    name: "stack",
    from: { repository: "CaiJimmy/hugo-theme-stack", commit: "3e123a30b79b5d52a3a8e88a9dd678fcfd28e418" },
    post: "post/lake/",
    lists: [""],
    gallery: { page: "post/lake/", act: opens("figure.gallery-image a.image-link", ".pswp img.pswp__img") },
  },
  {
    name: "coder",
    from: { repository: "luizdepra/hugo-coder", commit: "58d956f41c056a12e15d5b6ee27c54fc98cd6e49" },
    post: "posts/lake/",
    lists: ["posts/"],
  },
  {
    name: "ananke",
    from: {
      repository: "theNewDynamic/gohugo-theme-ananke",
      commit: "69f2871e872b8c4c32cabbc6d9c5eed07295b901",
    },
    post: "posts/lake/",
    lists: ["", "posts/"],
  },
  {
    name: "terminal",
    from: { repository: "panr/hugo-theme-terminal", commit: "4acd067c48195ac503541ba75f9259c7158d3792" },
    post: "posts/lake/",
    lists: ["", "posts/"],
  },
  {
    name: "loveit",
    from: { repository: "dillonzq/LoveIt", commit: "0e5d8eb9bd9c7b6eb8df6dfc89fc0e8757cb01ef" },
    post: "posts/lake/",
    lists: ["", "posts/"],
    gallery: { page: "posts/lake/", act: opens("a.lightgallery", ".lg-outer img.lg-image") },
  },
  {
    name: "gallery",
    from: { repository: "nicokaiser/hugo-theme-gallery", commit: "ee30b9c476a121ff9f0663e4961753b1f46ba4be" },
    post: "lake/",
    lists: [""],
    gallery: { page: "lake/", act: opens("a.gallery-item", ".pswp img.pswp__img") },
  },
  {
    name: "paper",
    from: { repository: "nanxiaobei/hugo-paper", commit: "a68d2c9b2ad9d857b09dcb30a578ac1de6487061" },
    post: "posts/lake/",
    lists: [""],
    showsCovers: false,
  },
  {
    name: "hextra",
    from: { repository: "imfing/hextra", commit: "a3dc81e0195923aa8d138ea5493b38f43a56dfe3" },
    offline: "[params.search]\nenable = false\n",
    post: "blog/lake/",
    lists: ["blog/"],
    showsCovers: false,
  },
  {
    name: "book",
    from: { repository: "alex-shpak/hugo-book", commit: "162c806e991b63d8a8bbfcd1c8d41ad650ebd07e" },
    post: "docs/lake/",
    lists: [""],
    showsCovers: false,
  },
  {
    name: "anatole",
    from: { repository: "lxndrblz/anatole", commit: "6f4be3609e3a5b08818cad329d44c36ec4612a85" },
    needs: "sass",
    post: "post/lake/",
    lists: [""],
  },
  {
    name: "doks",
    from: {
      npm: [
        ...["@thulite/doks-core@1.9.3", "@thulite/core@1.5.9", "@thulite/seo@2.4.2"],
        ...["@thulite/images@3.3.4", "@thulite/bootstrap@1.2.3", "@thulite/inline-svg@1.2.1"],
      ],
    },
    // In production it runs PostCSS, for which Hugo 0.167 and newer need Node 22.15.
    environment: "development",
    post: "docs/lake/",
    lists: ["docs/"],
    showsCovers: false,
  },
];

/** Clicks the first element that matches `clicked`, and waits for a picture from the proxy that matches `shown`. */
export function opens(clicked: string, shown: string): (page: Page) => Promise<string | undefined> {
  return async (page) => {
    const first = page.locator(clicked).first();
    if ((await first.count()) === 0) return `there is nothing like ${clicked}`;
    await first.scrollIntoViewIfNeeded();
    await first.click();
    const loaded = `[...document.querySelectorAll(${JSON.stringify(shown)})].some((image) =>
      image.complete && image.naturalWidth > 0 && (image.currentSrc || image.src).includes("img="))`;
    return (await becomes(page, loaded))
      ? undefined
      : `a click on ${clicked} shows no photograph at ${shown}`;
  };
}
