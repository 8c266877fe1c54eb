// Stands between the browser and a console, and sees what the browser does: over HTTP/1.1, as behind most proxies.
import { Agent, type IncomingMessage, type Server, type ServerResponse, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export class Proxy {
  /** Whether streams of events are kept from the browser. */
  refusesStreams = false;
  /** Whether there is no console behind it, as while it starts anew. */
  isAlone = false;
  private readonly answers = new Set<ServerResponse>();
  private readonly streams = new Set<ServerResponse>();
  private readonly seen: string[] = [];
  /** The most streams that were open at once. */
  mostStreams = 0;

  /** The agent opens a connection for each request: the console closes one that has been idle for a while, and a request
   * that is put on it just then would be lost. */
  private constructor(
    private readonly console: string,
    private readonly server: Server,
    private readonly agent: Agent,
  ) {}

  static async before(console: { url: string }): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(console.url, server, new Agent());
    server.on("request", (asked, answer) => proxy.pass(asked, answer));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Streams that are open now. */
  get openStreams(): number {
    return this.streams.size;
  }

  /** Requests, streams aside, that are not answered yet. */
  get underWay(): number {
    return this.answers.size - this.streams.size;
  }

  /** How often something below this path was asked for. */
  asked(path: string): number {
    return this.seen.filter((url) => url.startsWith(path)).length;
  }

  /** Breaks off the streams that are open. */
  cutStreams(): void {
    for (const stream of this.streams) stream.destroy();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.agent.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(asked: IncomingMessage, answer: ServerResponse): void {
    const path = asked.url ?? "/";
    this.seen.push(path);
    this.answers.add(answer);
    answer.on("close", () => {
      this.answers.delete(answer);
      this.streams.delete(answer);
    });
    const isStream = path.startsWith("/events/");
    if (this.isAlone || (isStream && this.refusesStreams)) {
      answer.writeHead(502).end();
      return;
    }
    // The console takes changes from its own pages only: to it, they come from its own address.
    const headers = { ...asked.headers, host: new URL(this.console).host };
    for (const name of ["origin", "referer"] as const) {
      const value = headers[name];
      if (value) headers[name] = value.replace(this.url, this.console);
    }
    const onward = request(
      `${this.console}${path}`,
      { method: asked.method, headers, agent: this.agent },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        // An event may be long in coming; that there is a stream is known at once.
        answer.flushHeaders();
        response.pipe(answer);
        response.on("error", () => answer.destroy());
        if (isStream && response.statusCode === 200) {
          this.streams.add(answer);
          this.mostStreams = Math.max(this.mostStreams, this.streams.size);
        }
      },
    );
    onward.on("error", () => answer.destroy());
    answer.on("close", () => {
      if (!answer.writableFinished) onward.destroy();
    });
    asked.pipe(onward);
  }
}
