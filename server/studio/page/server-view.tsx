import { useEffect, useState } from "preact/hooks";
import type { StatusAnswer } from "../../../contract/studio.ts";
import { status } from "./api.ts";
import { Failure } from "./failure.tsx";
import { photoHash } from "./url/route.ts";
import { bytesText } from "./words.ts";

const EVERY_MS = 5_000;

/** What the server is doing now, and what it has refused. */
export function ServerView() {
  const [answer, setAnswer] = useState<StatusAnswer>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const leaving = new AbortController();
    const ask = () =>
      status(leaving.signal).then(
        (next) => {
          setAnswer(next);
          setError(undefined);
        },
        (failed) => leaving.signal.aborted || setError(failed),
      );
    void ask();
    const timer = setInterval(ask, EVERY_MS);
    return () => {
      clearInterval(timer);
      leaving.abort();
    };
  }, []);
  return (
    <article class="server">
      <h2>Server</h2>
      {error !== undefined && <Failure error={error} />}
      {answer !== undefined && <Answer answer={answer} />}
    </article>
  );
}

function Answer({
  answer: { minutes, queue, cache, slowest, errors, sets, warmed },
}: {
  readonly answer: StatusAnswer;
}) {
  return (
    <>
      <dl class="gauges">
        <div>
          <dt>Readers’ images</dt>
          <dd>
            {queue.live.running} being made, {queue.live.waiting} waiting
          </dd>
        </div>
        <div>
          <dt>Made ahead</dt>
          <dd>
            {queue.warm.running} being made, {queue.warm.waiting} waiting
          </dd>
        </div>
        <div>
          <dt>Cache</dt>
          <dd>
            {cache.bytes === undefined
              ? `up to ${bytesText(cache.maxBytes)}; not counted yet`
              : `${bytesText(cache.bytes)} of ${bytesText(cache.maxBytes)}`}
          </dd>
        </div>
      </dl>
      <Table
        title="Last minutes"
        heads={["Minute", "Hits", "Misses", "Stale", "Failed"]}
        rows={minutes
          .toReversed()
          .slice(0, 15)
          .map(({ at, hit, miss, stale, failed }) => [timeText(at), hit, miss, stale, failed])}
      />
      <section>
        <h3>Recent errors</h3>
        {errors.length === 0 && <p class="hint">None.</p>}
        <ul class="errors">
          {errors.map(({ at, code, key, title, remedy, count }) => (
            <li key={`${code} ${key}`}>
              <p>
                <time>{timeText(at)}</time> {key !== undefined && <a href={photoHash(key)}>{key}</a>} {title}
                {count > 1 && ` (${count} times)`}
              </p>
              <p class="hint">{remedy}</p>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3>Slowest photographs</h3>
        {slowest.length === 0 && <p class="hint">Nothing was made since the start.</p>}
        <ul class="errors">
          {slowest.map(({ key, variant, ms }) => (
            <li key={`${key} ${variant}`}>
              {(ms / 1000).toFixed(1)} s <a href={photoHash(key)}>{key}</a>{" "}
              <span class="hint">{variant}</span>
            </li>
          ))}
        </ul>
      </section>
      <Table
        title="Last publishes"
        heads={["Time", "Site", "Set", "Photographs"]}
        rows={sets.map(({ at, site, name, images, until }) => [
          whenText(at),
          site,
          until === undefined ? name : `${name}, a preview until ${whenText(until)}`,
          images,
        ])}
      />
      <Table
        title="Warmed since the start"
        heads={["Time", "Photograph"]}
        rows={warmed.map(({ at, key }) => [timeText(at), key])}
      />
    </>
  );
}

function Table({
  title,
  heads,
  rows,
}: {
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}) {
  return (
    <section>
      <h3>{title}</h3>
      {rows.length === 0 && <p class="hint">None.</p>}
      {rows.length > 0 && (
        <table class="points">
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.join(" ")}>
                {row.map((cell, at) => (
                  <td key={heads[at]}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function timeText(at: string): string {
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** `2026-11-30 15:14`, in the time zone of the reader. */
function whenText(at: string): string {
  return new Date(at).toLocaleString("sv", { dateStyle: "short", timeStyle: "short" });
}
