import { LRUCache } from "lru-cache";
import type { StatusAnswer } from "../../contract/studio.ts";
import { type ProblemCode, problems } from "../errors.ts";
import type { AnswerFields, Log, Phases } from "../telemetry/log.ts";

/** What this process has answered lately: from the log's lines, so that both say the same. */
export interface Activity {
  /** The same log, whose requests are counted too. */
  watch(log: Pick<Log, "request">): Pick<Log, "request">;
  read(): Pick<StatusAnswer, "minutes" | "slowest" | "errors" | "warmed">;
}

/** An hour is enough to see what a publish or a deploy has changed. */
const MINUTES = 60;
const MINUTE_MS = 60_000;
const MOST_SLOWEST = 10;
const MOST_ERRORS = 30;
const MOST_WARMED = 10;

/** @param now milliseconds since 1970. */
export function createActivity(now: () => number = Date.now): Activity {
  const minutes: Minute[] = [];
  let slowest: Slow[] = [];
  const errors = new LRUCache<string, Failed>({ max: MOST_ERRORS });
  const warmed = new LRUCache<string, number>({ max: MOST_WARMED });

  function minuteAt(at: number): Minute {
    const begun = at - (at % MINUTE_MS);
    const last = minutes.at(-1);
    if (last?.at === begun) return last;
    const minute: Minute = { at: begun, hit: 0, miss: 0, stale: 0, failed: 0 };
    minutes.push(minute);
    if (minutes.length > MINUTES) minutes.shift();
    return minute;
  }

  function record(answer: AnswerFields, { total }: Phases): void {
    // A reader that has left, or a slider that has moved on: nothing has failed.
    if (answer.status === 499) return;
    const at = now();
    const { cache, key, variant, status, code, call } = answer;
    const minute = minuteAt(at);
    if (cache !== "none") minute[cache] += 1;
    if (cache === "miss" && key !== undefined && variant !== undefined)
      recordSlow({ at, key, variant, ms: total });
    if (isCode(code)) {
      minute.failed += 1;
      const name = `${code} ${key ?? ""}`;
      errors.set(name, { at, code, status, key, count: (errors.get(name)?.count ?? 0) + 1 });
    }
    if (call === "warm" && key !== undefined && status < 400) warmed.set(key, at);
  }

  function recordSlow(slow: Slow): void {
    const last = slowest.at(-1);
    if (slowest.length === MOST_SLOWEST && last !== undefined && slow.ms <= last.ms) return;
    const others = slowest.filter(({ key, variant }) => key !== slow.key || variant !== slow.variant);
    slowest = [...others, slow].sort((a, b) => b.ms - a.ms).slice(0, MOST_SLOWEST);
  }

  return {
    watch: (log) => ({
      request(answer) {
        const write = log.request(answer);
        return (id, ms, trace) => {
          record(answer, ms);
          write(id, ms, trace);
        };
      },
    }),
    read: () => ({
      minutes: minutes.map((minute) => ({ ...minute, at: iso(minute.at) })),
      slowest: slowest.map((slow) => ({ ...slow, at: iso(slow.at), ms: Math.round(slow.ms) })),
      errors: [...errors.values()].map(({ at, code, status, key, count }) => ({
        at: iso(at),
        code,
        status,
        count,
        ...(key !== undefined && { key }),
        title: problems[code].title,
        remedy: problems[code].remedy,
      })),
      warmed: [...warmed].map(([key, at]) => ({ at: iso(at), key })),
    }),
  };
}

interface Minute {
  readonly at: number;
  hit: number;
  miss: number;
  stale: number;
  failed: number;
}

interface Slow {
  readonly at: number;
  readonly key: string;
  readonly variant: string;
  readonly ms: number;
}

interface Failed {
  readonly at: number;
  readonly code: ProblemCode;
  readonly status: number;
  readonly key: string | undefined;
  readonly count: number;
}

function isCode(code: string | undefined): code is ProblemCode {
  return code !== undefined && Object.hasOwn(problems, code);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
