import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * Reads a file as UTF-8. A pipe or a device is refused: reading one may never end.
 * @throws Error with the system's `code`, or without one for what is not a file.
 */
export async function readText(file: string): Promise<string> {
  // Without O_NONBLOCK, the opening of a pipe waits for its writer.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (!found.isFile())
      throw new Error(`it is ${found.isDirectory() ? "a folder" : "a pipe or a device"}, not a file`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}
