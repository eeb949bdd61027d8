import { readFile } from "node:fs/promises";
import path from "node:path";
import { load } from "js-yaml";
import { parse } from "smol-toml";
import { moduleRoot } from "../hugo-site.ts";

/** What a recipe is run for. */
export type Purpose = "publish" | "preview";

/** A step of a recipe: a shell command, or work of the service itself (`action`), with its inputs. */
export interface Step {
  readonly command?: string;
  readonly action?: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Runs although an earlier step has failed. */
  readonly always: boolean;
}

/** The steps of a recipe as its service runs them. Text such as `${{ secrets.TOKEN }}` is still in it. */
export async function stepsOf(recipe: string, purpose: Purpose): Promise<readonly Step[]> {
  const text = await readFile(path.join(moduleRoot, "hugo-module/ci", recipe), "utf8");
  if (recipe === "netlify.toml") return netlify(parse(text) as object as Netlify, purpose);
  if (recipe === "cloudflare-pages.sh") return cloudflare(text);
  if (recipe === "gitlab-ci.yml") return gitlab(load(text) as Gitlab, purpose);
  if (recipe === "woodpecker.yml") return woodpecker(load(text) as Woodpecker);
  return github(load(text) as Github);
}

// --- services ---

interface Github {
  readonly jobs: Readonly<
    Record<string, { readonly env: Step["env"]; readonly steps: readonly GithubStep[] }>
  >;
}

interface GithubStep {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: object;
  readonly env?: Step["env"];
  readonly if?: string;
}

/** GitHub and Forgejo. */
function github({ jobs }: Github): Step[] {
  return Object.values(jobs).flatMap(({ env, steps }) =>
    steps.map((step) => ({
      ...(step.run !== undefined && { command: step.run }),
      ...(step.uses !== undefined && { action: step.uses.split("@")[0] ?? "" }),
      inputs: texts(step.with ?? {}),
      env: { ...env, ...step.env },
      always: step.if === "always()",
    })),
  );
}

interface Gitlab extends Readonly<Record<string, unknown>> {
  readonly variables: object;
}

interface GitlabJob {
  readonly script: readonly string[];
  readonly rules: readonly { readonly if: string }[];
  readonly stage?: string;
}

/** Every job is a clone of its own; files come to a later one only as artifacts. */
function gitlab({ variables, ...rest }: Gitlab, purpose: Purpose): Step[] {
  const { GIT_DEPTH, GIT_SUBMODULE_STRATEGY } = texts(variables);
  const inputs = { "fetch-depth": GIT_DEPTH ?? "20", submodules: GIT_SUBMODULE_STRATEGY ?? "none" };
  const event = purpose === "preview" ? "merge_request_event" : "$CI_COMMIT_BRANCH ==";
  const jobs = Object.entries(rest as Readonly<Record<string, GitlabJob>>).filter(([, { rules }]) =>
    rules?.some((rule) => rule.if.includes(event)),
  );
  return jobs.flatMap(([name, { script }]) => [
    action("clone", inputs),
    ...script.map(command),
    ...(name === "pages" ? [action("deploy", { path: "public" })] : []),
  ]);
}

interface Woodpecker {
  readonly clone: { readonly git: { readonly settings: Readonly<Record<string, unknown>> } };
  readonly steps: readonly {
    readonly commands: readonly string[];
    readonly environment: Readonly<Record<string, { readonly from_secret: string }>>;
  }[];
}

function woodpecker({ clone, steps }: Woodpecker): Step[] {
  const { partial, depth, recursive } = clone.git.settings;
  const inputs = { "fetch-depth": partial === false ? `${depth}` : "1", submodules: `${recursive}` };
  return [
    action("clone", inputs),
    ...steps.flatMap(({ commands, environment }) => {
      const secrets = Object.entries(environment).map(([name, { from_secret }]) => [
        name,
        `\${{ secrets.${from_secret.toUpperCase()} }}`,
      ]);
      return commands.map((text) => ({ ...command(text), env: Object.fromEntries(secrets) }));
    }),
  ];
}

interface Netlify {
  readonly build: { readonly command: string; readonly publish: string };
  readonly context: Readonly<Record<string, { readonly command: string }>>;
}

function netlify({ build, context }: Netlify, purpose: Purpose): Step[] {
  const run = purpose === "preview" ? context["deploy-preview"]?.command : build.command;
  return [
    action("clone", { "fetch-depth": "0", submodules: "recursive" }),
    command("npm install"),
    command(run ?? "exit 9"),
    action("deploy", { path: build.publish }),
  ];
}

function cloudflare(script: string): Step[] {
  return [
    action("clone", { "fetch-depth": "1", submodules: "recursive" }),
    command("npm clean-install --progress=false"),
    command(script),
    action("deploy", { path: "public" }),
  ];
}

function command(text: string): Step {
  return { command: text, inputs: {}, env: {}, always: false };
}

function action(name: string, inputs: Step["inputs"]): Step {
  return { action: name, inputs, env: {}, always: false };
}

function texts(values: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `${value}`]));
}
