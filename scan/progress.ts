/** Shows how far a scan is. */
export interface Progress {
  /** Begins a step; without a total its length is not known yet. */
  start(step: string, total?: number): void;
  advance(by?: number): void;
  /** Prints a line at once, also between steps. */
  note(line: string): void;
  /** Ends the step; its line is cleared or completed. */
  end(): void;
}

interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** A bar that is redrawn on a terminal; elsewhere an occasional plain line, for CI logs. */
export function createProgress(output: Output, clock: () => number = () => performance.now()): Progress {
  return output.isTTY === true ? terminalProgress(output, clock) : plainProgress(output, clock);
}

/** Prints only what needs attention. */
export function quietProgress(output: Output): Progress {
  return { start() {}, advance() {}, note: (line) => void output.write(`${line}\n`), end() {} };
}

// --- drawing ---

interface Step {
  readonly name: string;
  readonly total: number | undefined;
  readonly startedMs: number;
  done: number;
  shownMs: number;
}

function stepper(
  clock: () => number,
  everyMs: number,
  note: (line: string) => void,
  show: (step: Step, ended: boolean) => void,
): Progress {
  let step: Step | undefined;
  return {
    start(name, total) {
      step = { name, total, startedMs: clock(), done: 0, shownMs: clock() };
    },
    advance(by = 1) {
      if (step === undefined) return;
      step.done += by;
      if (clock() - step.shownMs < everyMs) return;
      step.shownMs = clock();
      show(step, false);
    },
    note,
    end() {
      if (step !== undefined) show(step, true);
      step = undefined;
    },
  };
}

function terminalProgress(output: Output, clock: () => number): Progress {
  const note = (line: string) => void output.write(`\r\x1b[2K${line}\n`);
  return stepper(clock, 100, note, (step, ended) => {
    const line = `${bar(step)} ${words(step, clock())}`.slice(0, Math.max((output.columns || 80) - 1, 20));
    output.write(ended ? "\r\x1b[2K" : `\r\x1b[2K${line}`);
  });
}

function plainProgress(output: Output, clock: () => number): Progress {
  const note = (line: string) => void output.write(`${line}\n`);
  return stepper(clock, 10_000, note, (step, ended) => {
    if (!ended) output.write(`${words(step, clock())}\n`);
  });
}

function bar(step: Step): string {
  const width = 24;
  const full = step.total ? Math.round((Math.min(step.done, step.total) / step.total) * width) : 0;
  return `${"█".repeat(full)}${"░".repeat(width - full)}`;
}

/** `warming 120/900, 35/s, 22 s left` */
function words(step: Step, nowMs: number): string {
  const seconds = (nowMs - step.startedMs) / 1000;
  const rate = seconds > 0 ? step.done / seconds : 0;
  const count = step.total === undefined ? String(step.done) : `${step.done}/${step.total}`;
  const left =
    step.total === undefined || rate === 0 ? "" : `, ${duration((step.total - step.done) / rate)} left`;
  return `${step.name} ${count}, ${rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s${left}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 90 ? `${whole} s` : `${Math.ceil(whole / 60)} min`;
}
