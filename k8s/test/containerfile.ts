/** One instruction of a Containerfile. */
export interface Instruction {
  readonly keyword: string;
  readonly rest: string;
}

/** A stage: from one FROM to the next. */
export interface Stage {
  readonly base: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** The part of the format that our file uses: comments, ARG before the first FROM, one instruction a line. */
export function parseContainerfile(text: string): Stage[] {
  const lines = text.split("\n").filter((line) => /^\S/.test(line) && !line.startsWith("#"));
  const args = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of lines) {
    const [, keyword = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    const stage = stages.at(-1);
    if (keyword === "ARG" && stage === undefined) args.set(...splitOnce(rest, "="));
    else if (keyword === "FROM") stages.push(openStage(rest, args));
    else if (stage !== undefined && keyword !== "") stage.instructions.push({ keyword, rest });
    else throw new Error(`not understood: ${line}`);
  }
  return stages;
}

/** The words of the last instruction of a kind, which are written as a JSON array. */
export function wordsOf(stage: Stage, keyword: string): string[] {
  const rest = stage.instructions.findLast((one) => one.keyword === keyword)?.rest ?? "";
  const words: unknown = JSON.parse(rest.slice(rest.indexOf("[")));
  if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  throw new Error(`${keyword} is no list of words: ${rest}`);
}

export function environmentOf(stage: Stage): Record<string, string> {
  const pairs = stage.instructions
    .filter(({ keyword }) => keyword === "ENV")
    .flatMap(({ rest }) => rest.split(" "));
  return Object.fromEntries(pairs.map((pair) => splitOnce(pair, "=")));
}

/** `COPY [--from=stage] [--chown=user] source… target` */
export interface Copy {
  readonly from: string | undefined;
  readonly owner: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

export function copiesOf(stage: Stage): Copy[] {
  return stage.instructions
    .filter(({ keyword }) => keyword === "COPY")
    .map(({ rest }) => {
      const words = rest.split(" ");
      const option = (name: string) =>
        words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
      const paths = words.filter((word) => !word.startsWith("--"));
      return {
        from: option("from"),
        owner: option("chown"),
        sources: paths.slice(0, -1),
        target: paths.at(-1) ?? "",
      };
    });
}

function openStage(rest: string, args: ReadonlyMap<string, string>): Stage & { instructions: Instruction[] } {
  const [base = "", name = ""] = rest.split(" AS ");
  return { base: base.replace(/\$\{(\w+)\}/, (_, arg) => args.get(arg) ?? ""), name, instructions: [] };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}
