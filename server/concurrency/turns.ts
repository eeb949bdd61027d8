/** Runs the work of one name one after the other, and that of different names at the same time. */
export type Turns = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return (name, work) => {
    const result = (last.get(name) ?? Promise.resolve()).then(work);
    const turn = result.then(
      () => {},
      () => {},
    );
    last.set(name, turn);
    void turn.then(() => {
      if (last.get(name) === turn) last.delete(name);
    });
    return result;
  };
}
