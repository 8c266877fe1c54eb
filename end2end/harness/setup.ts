// One database with the demo, and one with many small tables, for all specs.
import { execFileSync } from "node:child_process";
import { testServer, tidemark } from "./console";

export const DEMO = "e2e_demo";
export const MANY = "e2e_many";

export function databaseUrl(name: string): string {
  const url = testServer();
  url.pathname = `/${name}`;
  return url.toString();
}

export function psql(name: string, sql: string): string {
  return execFileSync(
    "psql",
    ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", databaseUrl(name), "-c", sql],
    { encoding: "utf8" },
  ).trim();
}

export default function setup(): void {
  for (const name of [DEMO, MANY]) {
    psql("postgres", `drop database if exists ${name} with (force)`);
    psql("postgres", `create database ${name}`);
  }
  tidemark(["demo", "load"], { TIDEMARK_DATABASE_URL: databaseUrl(DEMO) });
  psql(
    MANY,
    `set client_min_messages = warning; create extension timescaledb;
     do $$ begin
       for i in 1..37 loop
         execute format('create table sensor_%s (t timestamptz not null, v float) with (autovacuum_enabled = off)', lpad(i::text, 2, '0'));
         perform create_hypertable(format('sensor_%s', lpad(i::text, 2, '0'))::regclass, by_range('t'));
         execute format('insert into sensor_%s select now(), 1 from generate_series(1, %s)', lpad(i::text, 2, '0'), i * 10);
       end loop;
     end $$`,
  );
  // Figures that are settled: without it, rows of a table that is analysed just now differ from one reading to the next. The
  // server does not do it by itself: what a spec has written would be settled before a page shows that it is not.
  psql(MANY, "vacuum (analyze)");
}
