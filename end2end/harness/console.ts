// Real processes: the release build of the console, and the project's own database script.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
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

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address && typeof address === "object") {
        server.close(() => resolve(address.port));
      }
    });
  });
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

  static async start(
    databaseUrl: string,
    settings: Record<string, string> = {},
    users = true,
  ): Promise<Console> {
    const directory = mkdtempSync(path.join(tmpdir(), "tidemark-"));
    const port = await freePort();
    const variables = {
      TIDEMARK_DATABASE_URL: databaseUrl,
      TIDEMARK_STATE_URL: `sqlite://${path.join(directory, "state.db")}`,
      TIDEMARK_LISTEN: `127.0.0.1:${port}`,
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
    child.stdout?.on("data", (text) => (log += text));
    child.stderr?.on("data", (text) => (log += text));
    const console = new Console(`http://127.0.0.1:${port}`, variables, directory, child, () => log);
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the console ended: ${log}`);
      return (await fetch(`${console.url}/health`)).ok;
    }, "the console answers");
    return console;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
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
  timeoutMs = 30_000,
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
