import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { builtProgram } from "../tools/paths.ts";

/**
 * Bare sharp that encodes all the time in a process of its own, with what CPU is left over (SCHED_IDLE), as a warm
 * encoder of ours: what any encoder costs those who share the machine with it.
 * @returns what ends it.
 */
export async function startEndless(photo: string): Promise<() => void> {
  const args = ["--idle", "0", process.execPath, builtProgram("peers", "endless"), photo];
  const child = spawn("chrt", args, { stdio: "ignore" });
  child.on("error", () => undefined);
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  // Until it has loaded sharp and begun.
  await sleep(1_000);
  return () => {
    process.off("exit", end);
    end();
  };
}
