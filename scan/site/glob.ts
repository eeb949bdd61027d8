/**
 * A glob as Hugo matches paths (gobwas/glob 0.2.3, with `/` as the separator), case-insensitive: `*` and `?` stay in a segment,
 * `**` does not; `[a-z]`, `[!abc]`, `{a,b}` (nested, alternatives can be empty), `\` escapes.
 * Pattern and text are used as they are: where Hugo puts a slash before both, the caller does.
 *
 * Matching takes at most pattern × text steps; with backtracking, `**a**a**a…` takes minutes.
 * @returns undefined for a pattern that Hugo refuses, or that has an unclosed group.
 */
export function parseGlob(glob: string): ((text: string) => boolean) | undefined {
  const states: State[] = [];
  try {
    const start = compile(parse(glob.toLowerCase()), states);
    return (text) => matches(states, start, text.toLowerCase());
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

class Refused extends Error {}

/** Maximum depth of nested groups: more than anyone uses, and little enough for the stack. */
const MAX_NESTING = 100;

// --- the pattern ---

type Node =
  | { readonly kind: "one"; readonly takes: (character: string) => boolean }
  | { readonly kind: "any"; readonly takes: (character: string) => boolean }
  | { readonly kind: "either"; readonly alternatives: readonly (readonly Node[])[] };

function parse(glob: string): readonly Node[] {
  const characters = [...glob];
  const groups: Node[][][] = [[[]]];
  const add = (node: Node) => groups.at(-1)?.at(-1)?.push(node);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    const inGroup = groups.length > 1;
    if (character === "{") {
      if (groups.length > MAX_NESTING) throw new Refused();
      groups.push([[]]);
    } else if (character === "}" && inGroup) add({ kind: "either", alternatives: groups.pop() ?? [] });
    else if (character === "," && inGroup) groups.at(-1)?.push([]);
    else if (character === "?") add({ kind: "one", takes: isWithinSegment });
    else if (character === "*" && characters[at + 1] === "*") {
      add({ kind: "any", takes: () => true });
      at++;
    } else if (character === "*") add({ kind: "any", takes: isWithinSegment });
    else if (character === "[") {
      const { takes, end } = parseClass(characters, at + 1);
      add({ kind: "one", takes });
      at = end;
    } else {
      const literal = character === "\\" ? characters[++at] : character;
      if (literal !== undefined) add({ kind: "one", takes: (one) => one === literal });
    }
  }
  if (groups.length > 1) throw new Refused();
  return groups[0]?.[0] ?? [];
}

function isWithinSegment(character: string): boolean {
  return character !== "/";
}

/** `a-z]`, `abc]` or either after `!`, from after the bracket. */
function parseClass(
  characters: readonly string[],
  from: number,
): { readonly takes: (character: string) => boolean; readonly end: number } {
  const not = characters[from] === "!";
  const first = not ? from + 1 : from;
  const low = characters[first];
  if (characters[first + 1] === "-") {
    const high = characters[first + 2];
    if (low === undefined || high === undefined || high < low || characters[first + 3] !== "]")
      throw new Refused();
    return { takes: (one) => (one >= low && one <= high) !== not, end: first + 3 };
  }
  const listed = new Set<string>();
  let at = first;
  for (; characters[at] !== "]"; at++) {
    const literal = characters[at] === "\\" ? characters[++at] : characters[at];
    if (literal === undefined) throw new Refused();
    listed.add(literal);
  }
  if (listed.size === 0) throw new Refused();
  return { takes: (one) => listed.has(one) !== not, end: at };
}

// --- matching ---

/** `to`: the next state after a matching character. `free`: states that are reached without a character. */
interface State {
  readonly takes?: (character: string) => boolean;
  to: number;
  readonly free: number[];
}

const END = -1;

/** @returns the start state. */
function compile(nodes: readonly Node[], states: State[], after: number = END): number {
  return nodes.reduceRight((next, node) => {
    if (node.kind === "one") return states.push({ takes: node.takes, to: next, free: [] }) - 1;
    if (node.kind === "any") {
      const state: State = { takes: node.takes, to: 0, free: [next] };
      state.to = states.push(state) - 1;
      return state.to;
    }
    const free = node.alternatives.map((alternative) => compile(alternative, states, next));
    return states.push({ to: END, free }) - 1;
  }, after);
}

function matches(states: readonly State[], start: number, text: string): boolean {
  let current = reachable(states, [start]);
  for (const character of text) {
    const next: number[] = [];
    for (const at of current) {
      const state = states[at];
      if (state?.takes?.(character)) next.push(state.to);
    }
    if (next.length === 0) return false;
    current = reachable(states, next);
  }
  return current.has(END);
}

function reachable(states: readonly State[], from: readonly number[]): ReadonlySet<number> {
  const seen = new Set<number>();
  const waiting = [...from];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    for (const free of states[at]?.free ?? []) waiting.push(free);
  }
  return seen;
}
