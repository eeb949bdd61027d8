import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { VolumeHung, VolumeLimiter } from "../volume-limiter.ts";

/** Work that ends when the test ends it. */
function stuck() {
  const { promise, resolve } = withResolvers<string>();
  return { work: () => promise, release: () => resolve("late") };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const impatient = () => new VolumeLimiter({ deadlineMs: { read: 30, write: 30 } });

test("work on the volume is given up at its deadline, and its errors are passed on", async () => {
  const volume = impatient();
  expect(await volume.run("read", async () => "read")).toBe("read");
  await expect(volume.run("read", () => Promise.reject(new Error("no such file")))).rejects.toThrow(
    "no such file",
  );
  await expect(volume.run("read", stuck().work)).rejects.toThrow(VolumeHung);
});

test("a pause of the server itself does not count as the volume's: what it has read meanwhile is used", async () => {
  const volume = new VolumeLimiter({ deadlineMs: { read: 1_000, write: 1_000 } });
  const reading = volume.run("read", () => readFile(new URL(import.meta.url), "utf8"));
  for (const end = performance.now() + 1_100; performance.now() < end; );
  expect(await reading).toContain("a pause of the server itself");
});

test("one hung file does not slow down work on others", async () => {
  const volume = impatient();
  await expect(volume.run("read", stuck().work)).rejects.toThrow(VolumeHung);
  for (let at = 0; at < 10; at++) expect(await volume.run("read", async () => at)).toBe(at);
});

test("whatever number of requests wait for a hung volume, two reads and one write block", async () => {
  const volume = impatient();
  let inside = 0;
  const hang = (): Promise<never> => {
    inside++;
    return new Promise(() => undefined);
  };
  const asked = Array.from({ length: 50 }, (_, at) => volume.run(at % 2 ? "write" : "read", hang));
  for (const { reason } of (await Promise.allSettled(asked)).filter((one) => one.status === "rejected"))
    expect(reason).toBeInstanceOf(VolumeHung);
  // From now on no caller waits: the work is not started, and the refusal needs no timer.
  await expect(volume.run("read", hang)).rejects.toThrow("does not answer");
  await expect(volume.run("write", hang)).rejects.toThrow("does not answer");
  expect(inside).toBe(3);
});

test("reads continue while a write hangs", async () => {
  const volume = impatient();
  await expect(volume.run("write", stuck().work)).rejects.toThrow(VolumeHung);
  await expect(volume.run("write", async () => "")).rejects.toThrow("does not answer");
  expect(await volume.run("read", async () => "read")).toBe("read");
});

test("a volume that is back is used again from its first answer on", async () => {
  const volume = impatient();
  const [one, two] = [stuck(), stuck()];
  const asked = await Promise.allSettled([volume.run("read", one.work), volume.run("read", two.work)]);
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(volume.run("read", async () => "")).rejects.toThrow(VolumeHung);
  one.release();
  await new Promise(setImmediate);
  expect(await volume.run("read", async () => "back")).toBe("back");
});

test("work whose turn comes after its deadline is not started", async () => {
  const volume = impatient();
  const slow = stuck();
  const first = volume.run("write", slow.work);
  let begun = false;
  const second = volume.run("write", async () => {
    begun = true;
  });
  await expect(Promise.all([first, second])).rejects.toThrow(VolumeHung);
  await expect(second).rejects.toThrow(VolumeHung);
  slow.release();
  await new Promise(setImmediate);
  expect(begun).toBe(false);
  expect(await volume.run("write", async () => "next")).toBe("next");
});
