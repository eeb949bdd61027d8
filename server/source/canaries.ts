/** Keys that were readable recently: if none of them is readable any more, the whole source is gone. */
export interface Canaries {
  /** This key was readable just now. */
  add(key: string): void;
  /** This key is gone, but the source is not. */
  forget(key: string): void;
  /** The newest first, including those from before the last restart. @throws when these cannot be read. */
  list(): Promise<readonly string[]>;
}

/** A store that outlives the process; replicas can share it. */
export interface CanaryStore {
  /** Empty if there never was a list. @throws the system's error */
  read(): Promise<readonly string[]>;
  /** Never throws. */
  write(keys: readonly string[]): Promise<void>;
}

/** Several, because the owner can delete any of them. */
const MOST = 4;

const WRITE_MS = 3_600_000;

/** @param store undefined: the list ends with the process. */
export function createCanaries(
  store: CanaryStore = { read: async () => [], write: async () => undefined },
  now: () => number = () => performance.now(),
): Canaries {
  let lately: readonly string[] = [];
  /** The stored list, as far as this process knows. */
  let stored: readonly string[] | undefined;
  let nextWrite = 0;
  let restsUntil = 0;
  let isWriting = false;

  async function storedKeys(): Promise<readonly string[]> {
    stored ??= await store.read();
    return stored;
  }

  async function list(): Promise<readonly string[]> {
    if (lately.length >= MOST) return lately;
    return [...new Set([...lately, ...(await storedKeys())])].slice(0, MOST);
  }

  async function write(): Promise<void> {
    isWriting = true;
    try {
      const [keys, known] = [await list(), await storedKeys()];
      const isDue = now() >= nextWrite && keys.some((key) => !known.includes(key));
      // A list that is not full gets the next key; a full one is updated from time to time.
      if (keys.length <= known.length && !isDue) return;
      await store.write(keys);
      stored = keys;
      nextWrite = now() + WRITE_MS;
    } catch {
      // The volume does not answer: the keys that this process has seen are enough for now.
      restsUntil = now() + RETRY_MS;
    } finally {
      isWriting = false;
    }
  }

  return {
    add(key) {
      if (lately[0] === key) return;
      lately = [key, ...lately.filter((one) => one !== key)].slice(0, MOST);
      const mayGrow = (stored?.length ?? 0) < MOST;
      if (!isWriting && now() >= restsUntil && (mayGrow || now() >= nextWrite)) void write();
    },
    forget(key) {
      lately = lately.filter((one) => one !== key);
      stored = stored?.filter((one) => one !== key);
    },
    list,
  };
}

const RETRY_MS = 60_000;
