// A database of its own on a server of each edition; the Community server is somebody else's, and may not be there.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { testServer } from "./console";

export const COMMUNITY = process.env.TIDEMARK_TEST_COMMUNITY_URL;
export const NO_COMMUNITY = "TIDEMARK_TEST_COMMUNITY_URL names no Community server";

/** A database on a server of one edition. */
export class EditionDatabase {
  readonly isCommunity: boolean;
  readonly name: string;

  constructor(
    readonly edition: "Apache" | "Community",
    prefix: string,
  ) {
    this.isCommunity = edition === "Community";
    this.name = `${prefix}_${edition.toLowerCase()}`;
  }

  /** Whether its server is not there. */
  get isMissing(): boolean {
    return this.isCommunity && !COMMUNITY;
  }

  url(database = this.name): string {
    const url = this.isCommunity ? new URL(COMMUNITY ?? "") : testServer();
    url.pathname = `/${database}`;
    return url.toString();
  }

  psql(sql: string, database = this.name): string {
    return execFileSync(
      "psql",
      ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", this.url(database), "-c", sql],
      { encoding: "utf8" },
    ).trim();
  }

  /** Does something in a transaction that stays open, under this name, until it is killed. */
  hold(sql: string, application: string): ChildProcess {
    return spawn("psql", ["-X", "-q", "-d", this.url(), "-c", `begin; ${sql}; select pg_sleep(600)`], {
      env: { ...process.env, PGAPPNAME: application },
      stdio: "ignore",
    });
  }

  /** A new one, with a hypertable `readings` of a hundred days. */
  create(): void {
    this.psql(`drop database if exists ${this.name} with (force)`, "postgres");
    this.psql(`create database ${this.name}`, "postgres");
    this.psql(
      `set client_min_messages = warning; create extension timescaledb;
       create table readings (at timestamptz not null, line int, value float);
       select create_hypertable('readings', by_range('at', interval '1 day'));
       insert into readings select now() - d * interval '1 day', d % 3, d from generate_series(0, 99) d;`,
    );
    if (this.isCommunity) this.psql("select add_retention_policy('readings', interval '200 days')");
  }
}

/** One on each edition. */
export function onBothEditions(prefix: string): EditionDatabase[] {
  return [new EditionDatabase("Apache", prefix), new EditionDatabase("Community", prefix)];
}
