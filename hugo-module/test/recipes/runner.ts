import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Step } from "./jobs.ts";

/** A machine that a service starts for one run. */
export interface Runner {
  /** Deleted before each clone. */
  readonly workspace: string;
  /** The web server's folder: where the service's own deployment puts the site. */
  readonly webroot: string;
  /** The repository, as `file://`, and the commit. */
  readonly repository: string;
  readonly branch: string;
  /** Environment of every step: secrets are in it only if a step names them. */
  readonly env: Readonly<Record<string, string>>;
  /** What `${{ secrets.X }}` and `${{ github.x }}` stand for; an unknown one is empty, as at the service. */
  readonly values: ReadonlyMap<string, string>;
}

export interface Run {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs the steps of a recipe literally, until one fails. */
export async function runSteps(steps: readonly Step[], runner: Runner): Promise<Run> {
  let exitCode = 0;
  let output = "";
  for (const step of steps) {
    if (exitCode !== 0 && !step.always) continue;
    const script = step.command ?? equivalent(step, runner);
    const done = await bash(evaluated(replaced(script), runner), {
      cwd: runner.workspace,
      env: { ...runner.env, ...evaluatedAll(step.env, runner) },
      before: step.action === undefined ? undefined : () => emptyFor(step, runner),
    });
    output += `$ ${script}\n${done.output}`;
    exitCode ||= done.exitCode;
  }
  return { exitCode, output };
}

/**
 * What is only at the service, as commands that do what its documentation says. Each service's own clone is `clone`, and its own
 * upload of a built site `deploy`.
 */
function equivalent({ action = "", inputs }: Step, { repository, branch, webroot }: Runner): string {
  const site = inputs.path ?? "";
  const artifact = path.join(path.dirname(webroot), "artifact.tar");
  const commands: Readonly<Record<string, string>> = {
    // Depth 1 and no submodules, unless the inputs say otherwise: https://github.com/actions/checkout#usage
    "actions/checkout": clone(inputs, repository, branch),
    clone: clone(inputs, repository, branch),
    // The runner's node is this machine's; the cache of a first run is empty.
    "actions/setup-node": "node --version",
    "actions/cache": "true",
    // Its action.yml packs the folder with tar; deploy-pages publishes that file.
    "actions/upload-pages-artifact": `tar --dereference --hard-dereference --directory "${site}" -cf "${artifact}" --exclude=.git --exclude=.github .`,
    "actions/deploy-pages": `tar -xf "${artifact}" -C "${webroot}"`,
    "actions/upload-artifact": `cp "${site}" "${webroot}/"`,
    deploy: `cp -R "${site}/." "${webroot}/"`,
  };
  const found = commands[action];
  if (found === undefined) throw new Error(`the test has no equivalent for the action ${action}`);
  return found;
}

function clone(inputs: Step["inputs"], repository: string, branch: string): string {
  const depth = inputs["fetch-depth"] ?? "1";
  const submodules = ["recursive", "true"].includes(inputs.submodules ?? "");
  const options = [
    ...["--quiet", "--branch", branch],
    ...(depth === "0" ? [] : ["--depth", depth]),
    ...(submodules ? ["--recurse-submodules"] : []),
  ];
  return `git clone ${options.join(" ")} "${repository}" .`;
}

/** The runner is this machine: it has these packages already (.ci/run), and a test installs none. */
function replaced(script: string): string {
  return script.replace(/^apt-get -qq update && apt-get -qq install -y (.*)$/gm, "command -v rsync ssh # $1");
}

/** A clone is a new machine. */
async function emptyFor({ action }: Step, { workspace }: Runner): Promise<void> {
  if (action !== "clone" && action !== "actions/checkout") return;
  await rm(workspace, { recursive: true, force: true });
  await mkdir(workspace, { recursive: true });
}

// --- text ---

function evaluated(text: string, { values }: Runner): string {
  return text.replace(/\$\{\{ ([\w.]+) \}\}/g, (_, name: string) => values.get(name) ?? "");
}

function evaluatedAll(env: Step["env"], runner: Runner): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, text]) => [name, evaluated(text, runner)]));
}

interface BashOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly before: (() => Promise<void>) | undefined;
}

/** As GitHub runs a step: `bash -e`. */
async function bash(script: string, { cwd, env, before }: BashOptions): Promise<Run> {
  await before?.();
  return new Promise((resolve) => {
    execFile(
      "bash",
      ["--norc", "-e", "-c", script],
      { cwd, env, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code) || 1, output: stdout + stderr }),
    );
  });
}
