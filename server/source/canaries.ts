/** Keys that were readable lately: the source is away as a whole when none of them is any more. */
export interface Canaries {
  /** This key has just been readable. */
  add(key: string): void;
  /** This key is gone, and the source is not. */
  forget(key: string): void;
  /** The newest first, those of before the last restart included. @throws when those cannot be read. */
  list(): Promise<readonly string[]>;
}

/** Where they outlive the process; replicas may share it. */
export interface CanaryStore {
  /** None where there never was a list. @throws the system's error */
  read(): Promise<readonly string[]>;
  /** Never throws. */
  write(keys: readonly string[]): Promise<void>;
}

/** Several, because any one of them may be deleted by its owner. */
const MOST = 4;

const WRITE_MS = 3_600_000;

/** @param store absent: they are forgotten with the process. */
export function createCanaries(
  store: CanaryStore = { read: async () => [], write: async () => undefined },
  now: () => number = () => performance.now(),
): Canaries {
  let lately: readonly string[] = [];
  /** What is stored, as far as this process knows. */
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
      // A list that is not full grows with the next key; one that is full is brought up to date now and then.
      if (keys.length <= known.length && !isDue) return;
      await store.write(keys);
      stored = keys;
      nextWrite = now() + WRITE_MS;
    } catch {
      // The volume does not answer: what this process has seen is enough for now.
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
