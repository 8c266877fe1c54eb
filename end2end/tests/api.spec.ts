// REST over the real database: what programs read equals what PostgreSQL says.
import { expect, test } from "@playwright/test";
import { Console, tidemark, until } from "../harness/console";
import { DEMO, MANY, databaseUrl, psql } from "../harness/setup";

let console_: Console;
let token: string;
test.beforeAll(async () => {
  console_ = await Console.start(databaseUrl(DEMO));
  token = tidemark(["token", "create", "--name", "api", "--role", "admin"], console_.variables).trim();
  await until(async () => (await get("metrics/hypertables")).status === 200, "the first reading");
});
test.afterAll(async () => console_.stop());

const get = (path: string, console = console_) =>
  fetch(`${console.url}/api/v1/monitoring/${path}`, { headers: { authorization: `Bearer ${token}` } });

interface Chunk {
  chunk: string;
  table: string;
  total_bytes: number;
  rows: number;
}

/** Follows the cursors to the end. */
async function all<T>(path: string): Promise<{ items: T[]; total: number; pages: number }> {
  const items: T[] = [];
  let cursor = "";
  let pages = 0;
  for (;;) {
    const body = await (await get(`${path}${cursor}`)).json();
    items.push(...body.items);
    pages += 1;
    if (!body.next) return { items, total: body.total, pages };
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}

test("health, status and configuration say what the database is", async () => {
  const health = await (await get("health")).json();
  expect(health.status).toBe("healthy");
  expect(health.application.name).toBe("tidemark");
  expect(health.database.database_size_bytes).toBeGreaterThan(100_000_000);
  expect(health.database.pool.open).toBeGreaterThanOrEqual(1);
  expect(health.timescaledb.hypertables).toBe(4);
  expect(health.timescaledb.background_workers.limit).toBeGreaterThan(0);
  expect(health.configuration).toEqual({ compression_enabled: null, retention_policy: null, chunk_interval: null });
  expect(Date.parse(health.collected_at)).toBeGreaterThan(0);
  const database = await (await get("health/database")).json();
  expect(database.database_size_bytes).toBeGreaterThan(100_000_000);
  const timescaledb = await (await get("health/timescaledb")).json();
  expect(timescaledb.extension_installed).toBe(true);
  expect(timescaledb.version).toBe(
    psql(DEMO, "select extversion from pg_extension where extname = 'timescaledb'"),
  );
  const status = await (await get("status/timescaledb")).json();
  expect(status.counts.hypertables).toBe(4);
  const configuration = await (await get("configuration")).json();
  expect(configuration.databases[0].database).toBe(DEMO);
  expect(JSON.stringify(configuration)).not.toContain(new URL(databaseUrl(DEMO)).password);
});

test("every chunk is listed once, and its bytes and rows are those of PostgreSQL", async () => {
  const { items, total, pages } = await all<Chunk>("metrics/chunks?limit=500&sort=-total_bytes");
  const expected = Number(psql(DEMO, "select count(*) from timescaledb_information.chunks"));
  expect(items.length).toBe(expected);
  expect(total).toBe(expected);
  expect(pages).toBe(Math.ceil(expected / 500));
  expect(new Set(items.map(({ chunk }) => chunk)).size).toBe(expected);
  expect(items.map(({ total_bytes }) => total_bytes)).toEqual(
    items.map(({ total_bytes }) => total_bytes).sort((a, b) => b - a),
  );
  const official = new Map(
    psql(
      DEMO,
      "select chunk_name || '|' || total_bytes from chunks_detailed_size('energy_consumption')",
    )
      .split("\n")
      .map((line) => line.split("|") as [string, string]),
  );
  const energy = items.filter(({ table }) => table === "energy_consumption");
  expect(energy.length).toBe(official.size);
  for (const chunk of energy) expect(chunk.total_bytes, chunk.chunk).toBe(Number(official.get(chunk.chunk)));
  const rows = energy.reduce((sum, chunk) => sum + chunk.rows, 0);
  expect(rows).toBe(Number(psql(DEMO, "select count(*) from energy_consumption")));
});

test("the chunks of a table add up to the table", async () => {
  const tables = (await (await get("metrics/hypertables")).json()).items;
  expect(tables.length).toBe(4);
  for (const table of tables) {
    const { items } = await all<Chunk>(`metrics/chunks?limit=1000&table=${table.schema}.${table.table}`);
    expect(items.length).toBe(table.chunks);
    // The table's own, empty root holds an index or two.
    const sum = items.reduce((bytes, chunk) => bytes + chunk.total_bytes, 0);
    expect(table.total_bytes - sum).toBeGreaterThanOrEqual(0);
    expect(table.total_bytes - sum).toBeLessThan(100_000);
  }
});

test("a bad sort, limit and cursor are named, with what would be right", async () => {
  for (const [query, parameter, words] of [
    ["sort=colour", "sort", "total_bytes"],
    ["limit=0", "limit", "1 to 1000"],
    ["cursor=abc", "cursor", "next"],
  ]) {
    const answer = await get(`metrics/chunks?${query}`);
    expect(answer.status).toBe(422);
    const problem = await answer.json();
    expect(problem.parameter).toBe(parameter);
    expect(problem.detail).toContain(words);
  }
});

test("with several databases, which one must be said", async () => {
  const several = await Console.start(databaseUrl(DEMO), {
    TIDEMARK_DATABASE_URL: "",
    TIDEMARK_DATABASES_FACTORY_URL: databaseUrl(DEMO),
    TIDEMARK_DATABASES_SENSORS_URL: databaseUrl(MANY),
  });
  try {
    token = tidemark(["token", "create", "--name", "api", "--role", "admin"], several.variables).trim();
    const answer = await get("metrics/hypertables", several);
    expect(answer.status).toBe(422);
    expect((await answer.json()).detail).toContain("factory, sensors");
    await until(async () => (await get("metrics/hypertables?db=sensors", several)).status === 200, "a reading");
    expect((await (await get("metrics/hypertables?db=sensors", several)).json()).total).toBe(37);
    expect((await get("health", several)).status).toBe(422);
    expect((await (await get("health?db=sensors", several)).json()).database.name).toBe("sensors");
    expect((await get("health?db=elsewhere", several)).status).toBe(404);
  } finally {
    await several.stop();
  }
});
