import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import { expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = `${root}/.github/workflows`;
const workflows = readdirSync(folder).map(
  (file) => [file, readFileSync(`${folder}/${file}`, "utf8")] as const,
);

interface Workflow {
  readonly permissions: object;
  readonly jobs: Readonly<
    Record<string, { readonly permissions?: object; readonly "timeout-minutes"?: number }>
  >;
}

test.each(workflows)("%s pins every action by commit, and names its version", (_file, text) => {
  const uses = text.split("\n").filter((line) => /^\s*(- )?uses:/.test(line));
  expect(uses.length).toBeGreaterThan(0);
  for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test.each(workflows)(
  "%s has no permission by default, and each job only those that it names, with a time limit",
  (_file, text) => {
    const workflow = load(text) as Workflow;
    expect(workflow.permissions).toEqual({});
    for (const [name, job] of Object.entries(workflow.jobs)) {
      expect([name, Object.keys(job.permissions ?? {})]).toEqual([
        name,
        expect.arrayContaining(["contents"]),
      ]);
      expect([name, job["timeout-minutes"]]).toEqual([name, expect.any(Number)]);
    }
  },
);

test.each(workflows)("%s installs from the lockfile and leaves no token in the checkout", (_file, text) => {
  expect(text).not.toMatch(/npm (install|i|add) (?!--package-lock-only)/);
  const clones = text.match(/actions\/checkout@/g)?.length;
  expect(text.match(/persist-credentials: false/g)?.length).toBe(clones);
});

test("no workflow puts untrusted text into a shell", () => {
  for (const [file, text] of workflows)
    for (const [, line] of text.matchAll(/run: (.*)/g))
      expect([file, line]).toEqual([
        file,
        expect.not.stringMatching(/\$\{\{\s*github\.(event|head_ref|ref_name)/),
      ]);
});

test("the SBOM has every package that is installed, and no other", () => {
  const work = mkdtempSync(join(tmpdir(), "sbom-"));
  onTestFinished(() => rmSync(work, { recursive: true, force: true }));
  for (const file of ["package.json", "package-lock.json"]) copyFileSync(join(root, file), join(work, file));
  execFileSync("sh", ["-ec", commandsOf("bill of materials")], {
    cwd: work,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const bill: { readonly components: readonly { readonly purl: string }[] } = JSON.parse(
    readFileSync(join(work, "sbom.cdx.json"), "utf8"),
  );
  const listed = bill.components.map(({ purl }) => decodeURIComponent(purl.replace("pkg:npm/", "")));
  expect([...new Set(listed)].sort()).toEqual(installedPackages());
});

/** The commands of a step of the release. */
function commandsOf(name: string): string {
  const [, block = ""] = readFileSync(`${folder}/release.yml`, "utf8").split(`name: ${name}\n`);
  return /run: \|\n((?: {10}.*\n)+)/.exec(block)?.[1] ?? "exit 1";
}

/**
 * Every package in the image, according to the lockfile: our dependencies, and theirs. `npm ci --omit dev` would install more:
 * development dependencies that are optional peers of a dependency.
 */
function installedPackages(): string[] {
  const { packages }: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(
    readFileSync(join(root, "package-lock.json"), "utf8"),
  );
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    const { version, dependencies, optionalDependencies, ...peers } = packages[path] ?? {};
    if (version === undefined || found.has(path)) return;
    if (path !== "") found.set(path, `${path.slice(path.lastIndexOf("node_modules/") + 13)}@${version}`);
    const needed = Object.keys(peers.peerDependencies ?? {}).filter(
      (name) => peers.peerDependenciesMeta?.[name]?.optional !== true,
    );
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...needed])
      visit(placeOf(path, name));
  };
  /** The nearest one: beside the package, or beside a package that contains it. */
  const placeOf = (from: string, name: string): string => {
    const own = `${from === "" ? "" : `${from}/`}node_modules/${name}`;
    if (own in packages || from === "") return own;
    return placeOf(from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/"))), name);
  };
  visit("");
  return [...new Set(found.values())].sort();
}

interface Locked {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}
