/** One value of the page's state, and how a URL has it. */
export interface Field<Value> {
  /** The value of a URL without this field. */
  readonly initial: Value;
  /** @param texts one for each time that the URL has the field. @returns undefined for what is no value of it. */
  read(texts: readonly string[]): Value | undefined;
  write(value: Value): readonly string[];
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

export type StateOf<Of extends Fields> = {
  readonly [Name in keyof Of]: Of[Name] extends Field<infer Value> ? Value : never;
};

/** What is absent, unknown or out of range is as at first. */
export function readState<Of extends Fields>(fields: Of, values: URLSearchParams): StateOf<Of> {
  const state = Object.entries(fields).map(([name, { read, initial }]) => {
    const texts = values.getAll(name);
    return [name, (texts.length === 0 ? undefined : read(texts)) ?? initial];
  });
  return Object.fromEntries(state);
}

/** Only what is not as at first, so that URLs stay short. */
export function writeState<Of extends Fields>(fields: Of, state: StateOf<Of>): URLSearchParams {
  const values = new URLSearchParams();
  for (const [name, { write, initial }] of Object.entries(fields)) {
    const texts = write(state[name]);
    if (JSON.stringify(texts) === JSON.stringify(write(initial))) continue;
    for (const text of texts) values.append(name, text);
  }
  return values;
}

// --- kinds of values ---

/** A number, with at most one decimal if `step` is 0.1. */
export function number(least: number, most: number, initial: number, step: 1 | 0.1 = 1): Field<number> {
  const form = step === 1 ? /^\d{1,6}$/ : /^\d{1,6}(?:\.\d)?$/;
  return single({
    initial,
    read: (text) => {
      const value = Number(text);
      return form.test(text) && value >= least && value <= most ? value : undefined;
    },
    write: (value) => String(Math.round(value / step) * step).replace(/(\.\d)\d+$/, "$1"),
  });
}

export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  initial: NoInfer<Choice>,
): Field<Choice> {
  return single({
    initial,
    read: (text) => choices.find((choice) => choice === text),
    write: (choice) => choice,
  });
}

/** @param most maximum length. */
export function text(most: number, initial = ""): Field<string> {
  return single({
    initial,
    read: (value) => (value.length <= most ? value : undefined),
    write: (value) => value,
  });
}

export function flag(): Field<boolean> {
  return single({
    initial: false,
    read: (text) => (text === "yes" ? true : undefined),
    write: (value) => (value ? "yes" : "no"),
  });
}

/** Several texts without repetition, in their order. */
export function several<const Choice extends string>(
  isOne: (text: string) => text is Choice,
  most: number,
): Field<readonly Choice[]> {
  return {
    initial: [],
    read: (texts) => [...new Set(texts.filter(isOne))].slice(0, most),
    write: (values) => values,
  };
}

/** A field that a URL has once. */
export function single<Value>(of: {
  readonly initial: Value;
  readonly read: (text: string) => Value | undefined;
  readonly write: (value: Value) => string;
}): Field<Value> {
  return {
    initial: of.initial,
    read: ([text, ...others]) => (text === undefined || others.length > 0 ? undefined : of.read(text)),
    write: (value) => [of.write(value)],
  };
}
