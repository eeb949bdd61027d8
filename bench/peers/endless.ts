import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { builtProgram } from "../tools/paths.ts";

/**
 * Bare sharp that encodes all the time in a separate process, with spare CPU (SCHED_IDLE) like a warm encoder of ours: the
 * cost of any encoder for other programs on the machine.
 * @returns a function that stops it.
 */
export async function startEndless(photo: string): Promise<() => void> {
  const args = ["--idle", "0", process.execPath, builtProgram("peers", "programs", "endless"), photo];
  const child = spawn("chrt", args, { stdio: "ignore" });
  child.on("error", () => undefined);
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  // Waits until it has loaded sharp and started.
  await sleep(1_000);
  return () => {
    process.off("exit", end);
    end();
  };
}
