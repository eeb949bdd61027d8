import type { ProblemCode } from "../../errors.ts";
import type { Frame } from "../child/frames.ts";
import type { TransformOptions } from "../child/plan.ts";
import type { DescribeOptions } from "../child/probe.ts";
import type { Encoded, Placeholder, Probe } from "../encoder.ts";
import type { LibraryVersions } from "../minimum-versions.ts";

/**
 * What a child is told: an original in pieces, as they arrive, and then a job on it. A new original takes the place of
 * one that was not whole.
 */
export type Order =
  | { readonly kind: "original"; readonly bytes: number }
  /** The frame's body is the next piece. */
  | { readonly kind: "piece" }
  | Job
  | Stop;

/** What a child is asked to do with the original that it has. */
export type Job =
  | ({ readonly kind: "encode" } & TransformOptions)
  | ({ readonly kind: "describe" } & DescribeOptions)
  /** Said first: the child then rehearses, so that a reader's job is not the first that it does. */
  | { readonly kind: "versions" };

/** Nobody waits any more: leave out what is not begun. */
export interface Stop {
  readonly kind: "stop";
}

/** A child's answers: outputs or a description, then `done`; or a `problem`, which ends the job too. */
export type Reply =
  | { readonly kind: "output"; readonly encoded: Encoded }
  | { readonly kind: "described"; readonly described: Probe & Placeholder }
  | { readonly kind: "versions"; readonly versions: LibraryVersions }
  | { readonly kind: "problem"; readonly code: ChildProblem; readonly detail: string }
  /** With what the child holds at rest, its own memory alone where the system tells. */
  | { readonly kind: "done"; readonly restBytes: number };

export type ChildProblem = Extract<
  ProblemCode,
  "unsupported-source" | "unreadable-source" | "impossible-variant" | "encode-failed"
>;

/**
 * A child decodes strangers' bytes, so what it says is outside data: every field is looked at.
 * @throws Error when it is no reply.
 */
export function parseReply({ head, body }: Frame): Reply {
  const read = fields(head);
  switch (read.text("kind")) {
    case "output":
      return {
        kind: "output",
        encoded: {
          contentType: read.text("contentType"),
          body,
          width: read.number("width"),
          height: read.number("height"),
          effort: read.number("effort"),
          substitute: read.flag("substitute"),
        },
      };
    case "described":
      return { kind: "described", described: parseDescription(head) };
    case "versions":
      return { kind: "versions", versions: parseVersions(head) };
    case "problem":
      return { kind: "problem", code: childProblem(read.text("code")), detail: read.text("detail") };
    case "done":
      return { kind: "done", restBytes: read.number("restBytes") };
    default:
      throw new Error("a child answered what is no reply");
  }
}

// --- fields of outside data ---

function parseDescription(head: unknown): Probe & Placeholder {
  const read = fields(head);
  const color = read.optionalText("color");
  const placeholder = read.optionalText("placeholder");
  return {
    type: read.text("type"),
    width: read.number("width"),
    height: read.number("height"),
    frames: read.number("frames"),
    alpha: read.flag("alpha"),
    ...(color !== undefined && { color }),
    ...(placeholder !== undefined && { placeholder }),
  };
}

function parseVersions(head: unknown): LibraryVersions {
  const versions: unknown =
    typeof head === "object" && head !== null && "versions" in head ? head.versions : {};
  return Object.fromEntries(Object.entries(versions ?? {}).map(([name, version]) => [name, String(version)]));
}

function childProblem(code: string): ChildProblem {
  if (code === "unsupported-source" || code === "unreadable-source" || code === "impossible-variant")
    return code;
  return "encode-failed";
}

function fields(head: unknown) {
  const field = (name: string): unknown =>
    typeof head === "object" && head !== null ? Reflect.get(head, name) : undefined;
  const typed = <Value>(name: string, is: (value: unknown) => value is Value): Value => {
    const value = field(name);
    if (is(value)) return value;
    throw new Error(`a child's reply has no good ${name}`);
  };
  return {
    text: (name: string) => typed(name, (value) => typeof value === "string"),
    optionalText: (name: string) =>
      field(name) === undefined ? undefined : typed(name, (value) => typeof value === "string"),
    number: (name: string) =>
      typed(name, (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0),
    flag: (name: string) => typed(name, (value) => typeof value === "boolean"),
  };
}
