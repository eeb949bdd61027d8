import { readProcessMemory } from "./process-memory.ts";

/** A decoder that is out of control grows by a gigabyte a second. */
const EVERY_MS = 50;

/** Calls `exceeded` once when a process uses more private memory than allowed. @returns a function that ends the watch. */
export function watchMemory(pid: number | undefined, mostBytes: number, exceeded: () => void): () => void {
  if (pid === undefined) return () => undefined;
  const look = (): void => {
    if ((readProcessMemory(pid)?.privateBytes ?? 0) <= mostBytes) return;
    clearInterval(timer);
    exceeded();
  };
  const timer = setInterval(look, EVERY_MS);
  return () => clearInterval(timer);
}
