// Real processes: the release build of the console, and the project's own database script.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const root = path.resolve(__dirname, "../..");
export const binary = path.join(
  process.env.CARGO_TARGET_DIR ?? path.join(root, "target"),
  "release/tidemark",
);
export const password = "correct horse battery";

/** The environment without the caller's console settings. */
function environment(variables: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(TIDEMARK|TIMESCALEDB)_/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...variables };
}

export function tidemark(
  args: string[],
  variables: Record<string, string>,
  input = "",
): string {
  return execFileSync(binary, args, {
    cwd: root,
    env: environment(variables),
    input,
    encoding: "utf8",
  });
}

/** The project's script for private clusters: start, kill, clean, psql. */
export function database(...args: string[]): string {
  return execFileSync(path.join(root, "scripts/database.sh"), args, {
    cwd: root,
    env: environment({}),
    encoding: "utf8",
  });
}

export function testServer(): URL {
  const url = process.env.TIDEMARK_TEST_DATABASE_URL;
  if (!url) throw new Error("TIDEMARK_TEST_DATABASE_URL names no server; run make test");
  return new URL(url);
}

/** A console of its own, with an administrator and a viewer. */
export class Console {
  private constructor(
    readonly url: string,
    readonly variables: Record<string, string>,
    private readonly directory: string,
    private readonly child: ChildProcess,
    readonly log: () => string,
  ) {}

  /** Comes back once its first reading has succeeded or failed: without JavaScript, a page that is loaded before stays empty. */
  static async start(
    databaseUrl: string,
    settings: Record<string, string> = {},
    users = true,
  ): Promise<Console> {
    const directory = mkdtempSync(path.join(tmpdir(), "tidemark-"));
    const variables = {
      TIDEMARK_DATABASE_URL: databaseUrl,
      TIDEMARK_STATE_URL: `sqlite://${path.join(directory, "state.db")}`,
      // The port is chosen as it is bound: one that was free a moment ago may be somebody else's by now.
      TIDEMARK_LISTEN: "127.0.0.1:0",
      TIDEMARK_COLLECT_EVERY: "1 second",
      ...settings,
    };
    if (users) {
      for (const [name, role] of [
        ["admin", "admin"],
        ["viewer", "viewer"],
      ]) {
        tidemark(["user", "add", name, "--role", role, "--password-stdin"], variables, `${password}\n`);
      }
    }
    let log = "";
    const child = spawn(binary, ["serve"], {
      cwd: root,
      env: environment(variables),
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout?.setEncoding("utf8").on("data", (text) => (log += text));
    child.stderr?.setEncoding("utf8").on("data", (text) => (log += text));
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    let url = "";
    try {
      await until(async () => {
        if (hasEnded()) return true;
        url = /Tidemark is ready address=(\S+)\n/.exec(log)?.[1] ?? "";
        if (url === "") return false;
        const answer = await fetch(`${url}/health?ready`);
        return answer.ok && !("starting" in (await answer.json()).databases);
      }, "the console answers, and has read its databases");
      if (hasEnded()) throw new Error("the console ended");
    } catch (error) {
      child.kill("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
      throw new Error(`${error}: ${log}`);
    }
    return new Console(url, variables, directory, child, () => log);
  }

  /** Where the first administrator is made. It is logged after the address. */
  async setupLink(): Promise<string> {
    let link = "";
    await until(() => {
      link = /(http:\/\/\S+\/setup\?token=\S+)\n/.exec(this.log())?.[1] ?? "";
      return link !== "";
    }, "the link is in the log");
    return link;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once("exit", resolve));
      this.child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Waits for a condition; what throws counts as not yet. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within ${timeoutMs} ms: ${what}${last ? ` (${last})` : ""}`);
}
