import { execFile, spawn } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The newest commit of a repository: its `HEAD` or, if that names no existing branch, the newest branch. */
export async function headCommit(repository: string): Promise<string> {
  const head = await run("git", ["-C", repository, "rev-parse", "--verify", "HEAD^{commit}"]).catch(
    () => undefined,
  );
  if (head !== undefined) return head.stdout.trim();
  const format = ["--sort=-committerdate", "--count=1", "--format=%(objectname)"];
  const { stdout } = await run("git", ["-C", repository, "for-each-ref", ...format]);
  if (stdout.trim() === "") throw new Error(`${repository} has no commit`);
  return stdout.trim();
}

/**
 * Writes a commit's files below a folder, one by one: a partial copy of a repository can lack large files, and `git archive`
 * would fail at the first of them.
 * @returns paths of files that are absent.
 */
export async function writeCommit(repository: string, commit: string, folder: string): Promise<string[]> {
  const { stdout } = await run("git", ["-C", repository, "ls-tree", "-r", "-z", commit], {
    maxBuffer: 256 * 1024 * 1024,
  });
  const entries = stdout
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const [, mode = "", type = "", hash = "", name = ""] =
        /^(\d+) (\w+) (\w+)\t([\s\S]*)$/.exec(line) ?? [];
      return { mode, type, hash, name };
    })
    .filter(({ type }) => type === "blob");
  const absent: string[] = [];
  const blobs = await readBlobs(
    repository,
    entries.map(({ hash }) => hash),
  );
  for (const { mode, hash, name } of entries) {
    const blob = blobs.get(hash);
    const file = path.join(folder, name);
    if (blob === undefined) {
      absent.push(name);
      continue;
    }
    await mkdir(path.dirname(file), { recursive: true });
    if (mode === "120000") await symlink(blob.toString(), file);
    else await writeFile(file, blob);
    if (mode === "100755") await chmod(file, 0o755);
  }
  return absent;
}

/** `git cat-file --batch`: a line "<hash> <type> <size>", the bytes, a line end; or "<hash> missing". */
async function readBlobs(repository: string, hashes: readonly string[]): Promise<Map<string, Buffer>> {
  const child = spawn("git", ["-C", repository, "cat-file", "--batch"], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end([...new Set(hashes)].map((hash) => `${hash}\n`).join(""));
  const problem = text(child.stderr);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  const blobs = new Map<string, Buffer>();
  for (let at = 0; at < all.length; ) {
    const end = all.indexOf("\n", at);
    const [hash = "", , size] = all.toString("latin1", at, end).split(" ");
    at = end + 1;
    if (size === undefined) continue;
    blobs.set(hash, all.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  if (blobs.size === 0) throw new Error(`git cat-file in ${repository}: ${await problem}`);
  return blobs;
}
