import { cpuMsOf, privateBytesOf } from "../tools/measure/cpu.ts";
import type { Process } from "../tools/measure/processes.ts";

/** Any other image server that already runs, by its URL of a variant. */
export interface TemplatePeer {
  readonly name: string;
  /** Of `--peer-pid`: without it, CPU and memory are not measured. */
  readonly process?: Process;
  readonly urlOf: (variant: {
    readonly key: string;
    readonly width: number;
    readonly quality: number;
    readonly format: string;
  }) => string;
}

/**
 * `imgproxy=http://127.0.0.1:8080/unsafe/rs:fit:{w}/q:{q}/plain/local:///{key}@{fm}`: the name, then a URL in which
 * `{key}`, `{w}`, `{q}` and `{fm}` are replaced.
 * @throws Error for another form, or for another machine: the load goes only to this one.
 */
export function parseTemplate(text: string): TemplatePeer {
  const [, name, template] = /^([^=]+)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (name === undefined || template === undefined || !template.includes("{key}"))
    throw new Error(`--peer takes name=http://127.0.0.1:port/…{key}…{w}…{q}…{fm}…; got "${text}"`);
  const { hostname } = new URL(template.replace(/\{[a-z]+\}/g, "0"));
  if (!["127.0.0.1", "localhost", "[::1]"].includes(hostname))
    throw new Error(`--peer: ${hostname} is another machine; the bench loads only this one`);
  return {
    name,
    urlOf: ({ key, width, quality, format }) =>
      template
        .replaceAll("{key}", encodeURI(key))
        .replaceAll("{w}", String(width))
        .replaceAll("{q}", String(quality))
        .replaceAll("{fm}", format),
  };
}

/**
 * The peers, with the process of those that `name=PID` gives one: a container's is `docker inspect -f '{{.State.Pid}}' NAME`.
 * @throws Error for another form, for a name without a peer, and for a process that this machine does not have.
 */
export function withPids(peers: readonly TemplatePeer[], pids: readonly string[]): readonly TemplatePeer[] {
  const byName = new Map(
    pids.map((text): readonly [string, number] => {
      const [, name, pid] = /^([^=]+)=([1-9][0-9]*)$/.exec(text) ?? [];
      if (name === undefined) throw new Error(`--peer-pid takes name=PID; got "${text}"`);
      if (!peers.some((peer) => peer.name === name))
        throw new Error(`--peer-pid ${text}: there is no --peer ${name}=URL`);
      if (cpuMsOf(Number(pid)) === 0 && privateBytesOf(Number(pid)) === 0)
        throw new Error(`--peer-pid ${text}: no process of this machine has this number`);
      return [name, Number(pid)];
    }),
  );
  return peers.map((peer) => {
    const pid = byName.get(peer.name);
    if (pid === undefined) return peer;
    return { ...peer, process: { cpuMs: () => cpuMsOf(pid), privateBytes: () => privateBytesOf(pid) } };
  });
}
