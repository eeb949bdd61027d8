import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Each folder may import from itself and from the folders after it; type imports count too. */
const order = {
  server: [
    "main.ts",
    "doctor",
    "start.ts",
    "source-options.ts",
    "open-encoders.ts",
    "ports.ts",
    "service.ts",
    "gc",
    "front",
    "api",
    "studio",
    "image",
    "published",
    "source",
    "config",
    "encode",
    "cache",
    "http",
    "telemetry",
    "formats",
    "concurrency",
    "errors.ts",
  ],
  scan: [
    "main.ts",
    "commands",
    "move",
    "init",
    "doctor",
    "report",
    "watch",
    "check.ts",
    "edge",
    "scan.ts",
    "published-meta.ts",
    "open-site.ts",
    "covers.ts",
    "plan.ts",
    "alt",
    "budget",
    "built",
    "content",
    "gallery",
    "proxy",
    "command-line",
    "site",
    "manifest.ts",
    "findings.ts",
    "progress.ts",
    "counted.ts",
    "local-address.ts",
    "lines.ts",
    "once.ts",
    "cannot-run.ts",
    "read-text.ts",
  ],
} as const;

/** Largest number of files in one folder, without tests: more are hard to survey. */
const MOST_FILES = 16;

describe.each(["server", "scan"] as const)("in %s", (part) => {
  const files = sources(part);

  test("imports point one way, type imports included", () => {
    const places: readonly string[] = order[part];
    const wrong = files.flatMap((file) =>
      imports(file)
        .filter((imported) => imported.startsWith(`${part}/`))
        .filter((imported) => places.indexOf(placeOf(imported)) < places.indexOf(placeOf(file)))
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  test("each file has a place in that order", () => {
    const places: readonly string[] = order[part];
    expect(files.map(placeOf).filter((place) => !places.includes(place))).toEqual([]);
  });

  test("no folder has more files than one can survey", () => {
    const counts = new Map<string, number>();
    for (const file of files) counts.set(path.dirname(file), (counts.get(path.dirname(file)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([]);
  });
});

test("nothing outside of bench/ imports from it: the image is built without it", () => {
  const wrong = ["contract", "server", "scan", "dev"]
    .flatMap(sources)
    .filter((file) => imports(file).some((imported) => imported.startsWith("bench/")));
  expect(wrong).toEqual([]);
});

test("nothing outside of a test folder imports from one: the image is built without them", () => {
  const wrong = ["contract", "server", "scan", "dev", "bench"]
    .flatMap(sources)
    .flatMap((file) => imports(file).map((imported) => ({ file, imported })))
    .filter(({ imported }) => /(?:^|\/)test\//.test(imported));
  expect(wrong).toEqual([]);
});

function sources(part: string): string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", part], {
    cwd: root,
    encoding: "utf8",
  });
  return listed.split("\n").filter((file) => file.endsWith(".ts") && !file.includes("/test/"));
}

function imports(file: string): string[] {
  const text = readFileSync(path.join(root, file), "utf8");
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, target = ""]) =>
    path.posix.join(path.posix.dirname(file), target),
  );
}

/** The folder below a part such as `server/`, or a file directly in it. */
function placeOf(file: string): string {
  return file.split("/")[1] ?? "";
}
