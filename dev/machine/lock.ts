import { mkdir, open, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";

/** Runs `work` while no other process on this machine runs work in the same folder. */
export async function withLock<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, ".lock");
  while (!(await take(file))) await setTimeout(200);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    const handle = await open(file, "wx");
    await handle.writeFile(String(process.pid));
    await handle.close();
    return true;
  } catch {
    if (!(await ownerLives(file))) await rm(file, { force: true });
    return false;
  }
}

/** A killed process leaves its lock; an empty one is being written. */
async function ownerLives(file: string): Promise<boolean> {
  const pid = Number(await readFile(file, "utf8").catch(() => ""));
  if (pid === 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
