import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { freePort } from "../../../dev/machine/ports.ts";
import { forTests } from "../../test/support/pod.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const executablePath = "/usr/bin/chromium";

export const hasBrowser = existsSync(executablePath);
if (!hasBrowser && process.env.CI) throw new Error(`CI must have a browser: there is no ${executablePath}`);
if (!hasBrowser) console.log(`without ${executablePath} these tests are skipped (apt-get install chromium)`);

/** Keys that a stranger could give a photograph. */
export const hostileKey = "<img src=x onerror=document.title='owned'>.jpg";
export const damagedKey = "not a photograph.jpg";

/** A real server in a process of its own, on the example blog's photographs, and a real Chromium. */
export interface OpenStudio {
  /** Address of the server. */
  readonly url: string;
  readonly admin: string;
  /** Folder of the photographs. */
  readonly photos: string;
  readonly cache: string;
  open(hash: string, options?: BrowserContextOptions): Promise<OpenPage>;
  stop(): Promise<void>;
  /** Starts it again, at the same address. */
  start(changed?: Readonly<Record<string, string>>): Promise<void>;
  /** The most memory that the server's process has had, in bytes. */
  peak(): Promise<number>;
  close(): Promise<void>;
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors and refusals of the browser, such as of the content security policy. */
  readonly complaints: string[];
  /** Addresses outside of the server. */
  readonly strangers: string[];
}

export async function openStudio(env: Readonly<Record<string, string>>): Promise<OpenStudio> {
  const folder = await mkdtemp(join(tmpdir(), "imgproxy-lite-studio-"));
  const [photos, cache] = [join(folder, "photos"), join(folder, "cache")];
  await cp(join(root, "hugo-module/exampleSite/photos"), photos, { recursive: true });
  await cp(join(photos, "worms.jpg"), join(photos, hostileKey));
  await writeFile(join(photos, damagedKey), "text");
  // Kept for it while it is stopped: a connection of the browser could get one that the system chose.
  const PORT = String((await freePort()).port);
  let server = await startServer(photos, cache, { PORT, ...env });
  const stop = async (): Promise<void> => {
    const ended = once(server.process, "exit");
    server.process.kill("SIGTERM");
    await ended;
  };
  const browser = await chromium.launch({
    executablePath,
    timeout: 0,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  const { url, admin } = server;
  return {
    url,
    admin,
    photos,
    cache,
    open: (hash, options) => openPage(browser, url, hash, options),
    stop,
    async start(changed) {
      server = await startServer(photos, cache, { PORT, ...env, ...changed });
    },
    async peak() {
      const status = await readFile(`/proc/${server.process.pid}/status`, "utf8");
      return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]);
    },
    async close() {
      await browser.close();
      await stop();
      // A sweep continues for a moment when its server has ended.
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
  readonly admin: string;
}

async function startServer(
  photos: string,
  cache: string,
  env: Readonly<Record<string, string>>,
): Promise<Server> {
  const process_ = spawn(
    process.execPath,
    [join(root, "bin/imgproxy-lite.js"), "serve", "--source", photos, "--cache", cache],
    {
      env: { PATH: process.env.PATH ?? "", ...forTests, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  return { process: process_, ...(await addressesOf(process_.stdout)) };
}

async function addressesOf(output: AsyncIterable<Buffer>): Promise<{ url: string; admin: string }> {
  let text = "";
  for await (const chunk of output) {
    text += chunk;
    const [, url, admin] = /"url":"([^"]+)","admin":"([^"]+)"/.exec(text) ?? [];
    if (url !== undefined && admin !== undefined) return { url, admin };
  }
  throw new Error(`the server did not start: ${text}`);
}

async function openPage(
  browser: Browser,
  url: string,
  hash: string,
  options?: BrowserContextOptions,
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  const page = await context.newPage();
  // A busy machine makes some variants for a minute; a test ends with its own limit.
  page.setDefaultTimeout(600_000);
  const complaints: string[] = [];
  const strangers: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("blob:")) strangers.push(request.url());
  });
  await page.goto(`${url}_studio/${hash}`);
  return { page, complaints, strangers, [Symbol.asyncDispose]: () => context.close() };
}
