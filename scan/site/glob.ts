/** Hugo's path globs, as mounts and cascades have them: `*` stays within a segment, `**` does not; blind to capitals. */
export function parseGlob(glob: string): (path: string) => boolean {
  const pattern = glob
    .replace(/^\/+/, "")
    .replace(/[.+^$()|\\]/g, "\\$&")
    .replace(/\*\*|\*|\?|\{|\}|,/g, (mark) => globMarks[mark] ?? mark);
  try {
    const regex = new RegExp(`^(?:${pattern})$`, "iu");
    return (path) => regex.test(path.replace(/^\/+/, ""));
  } catch {
    return () => false;
  }
}

const globMarks: Readonly<Record<string, string>> = {
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
  "{": "(?:",
  "}": ")",
  ",": "|",
};
