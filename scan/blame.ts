import type { Finding } from "./findings.ts";

/** Where a photograph is shown. */
export interface Shown {
  readonly file: string;
  readonly uses: readonly { readonly key: string; readonly line: number; readonly column: number }[];
}

/** An error at each place that shows one of the photographs, in the words given for it. */
export function blame(posts: readonly Shown[], words: ReadonlyMap<string, string>): Finding[] {
  return posts.flatMap((post) =>
    post.uses.flatMap(({ key, line, column }): Finding[] => {
      const message = words.get(key);
      return message === undefined ? [] : [{ severity: "error", file: post.file, line, column, message }];
    }),
  );
}
