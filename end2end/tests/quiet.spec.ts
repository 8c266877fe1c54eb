// Reading a page never touches the monitored database.
import { expect, test } from "@playwright/test";
import { Console, until } from "../harness/console";
import { signIn } from "../harness/pages";
import { DEMO, databaseUrl, psql } from "../harness/setup";

const ROLE = "e2e_quiet";

test.beforeAll(() => {
  psql(
    "postgres",
    `set client_min_messages = warning; create extension if not exists pg_stat_statements;
     drop role if exists ${ROLE}; create role ${ROLE} login password 'quiet' in role pg_monitor`,
  );
});
test.afterAll(() => {
  psql("postgres", `drop role if exists ${ROLE}`);
});

test("100 page loads cause no query beyond the collector's beat", async ({ page }) => {
  const url = new URL(databaseUrl(DEMO));
  url.username = ROLE;
  url.password = "quiet";
  // One beat at the start, the next in an hour: whatever comes between is not the collector's.
  const console_ = await Console.start(url.toString(), { TIDEMARK_COLLECT_EVERY: "1 hour" });
  const statements = () =>
    Number(
      psql(
        "postgres",
        `select coalesce(sum(calls), 0) from pg_stat_statements s join pg_roles r on r.oid = s.userid where r.rolname = '${ROLE}'`,
      ),
    );
  try {
    await signIn(page, console_);
    await expect(page.getByRole("rowheader", { name: /metric_hist/ })).toBeVisible();
    let before = -1;
    await until(() => {
      const now = statements();
      const settled = now > 0 && now === before;
      before = now;
      return settled;
    }, "the first reading is over");

    for (let load = 0; load < 50; load++) {
      for (const path of ["", "/hypertables?sort=rows"]) {
        const response = await page.request.get(`${console_.url}/db/${DEMO}${path}`, {
          headers: { accept: "text/html" },
        });
        expect(response.status()).toBe(200);
        expect(await response.text()).toContain("metric_hist");
      }
    }
    expect(statements()).toBe(before);
    const sessions = psql("postgres", `select count(*) from pg_stat_activity where usename = '${ROLE}'`);
    expect(Number(sessions)).toBeLessThanOrEqual(1);

    // The count does see a reading when somebody asks for one.
    await page.getByRole("button", { name: "Refresh now" }).click();
    await until(() => statements() > before, "a reading that was asked for is counted");
  } finally {
    await console_.stop();
  }
});

test("without the extension, and without rights, the page says which it is", async ({ page }) => {
  psql("postgres", "drop database if exists e2e_plain with (force)");
  psql("postgres", "create database e2e_plain");
  const console_ = await Console.start(databaseUrl("e2e_plain"));
  try {
    await signIn(page, console_);
    await expect(page.getByText("TimescaleDB is not installed in this database")).toBeVisible();
    await expect(page.getByText("CREATE EXTENSION timescaledb")).toBeVisible();
    psql(
      "e2e_plain",
      `set client_min_messages = warning; create extension timescaledb;
       create table readings (t timestamptz not null); select create_hypertable('readings', by_range('t'))`,
    );
    await expect(page.getByRole("rowheader", { name: /readings/ })).toBeVisible({ timeout: 60_000 });
  } finally {
    await console_.stop();
  }

  psql("e2e_plain", "revoke usage on schema _timescaledb_catalog from public");
  const url = new URL(databaseUrl("e2e_plain"));
  url.username = ROLE;
  url.password = "quiet";
  const poor = await Console.start(url.toString());
  try {
    await signIn(page, poor);
    await expect(page.getByText("The console's role may not read what it needs")).toBeVisible();
    await expect(page.locator(".evidence")).toContainText("_timescaledb_catalog");
  } finally {
    await poor.stop();
    psql("postgres", "drop database if exists e2e_plain with (force)");
  }
});

test("a change from a foreign page is refused on any path, and a stranger learns nothing", async ({ request }) => {
  const console_ = await Console.start(databaseUrl(DEMO));
  try {
    for (const path of ["/fn/sign_out", "/fn/refresh_database", "/db/anything", "/nothing", "/health"]) {
      const foreign = await request.post(`${console_.url}${path}`, { headers: { origin: "http://evil.example" } });
      expect(foreign.status(), path).toBe(403);
      const without = await request.post(`${console_.url}${path}`);
      expect(without.status(), path).toBe(403);
    }
    for (const path of ["/fn/load_overview?database=e2e_demo", "/fn/load_frame?database=e2e_demo", "/db/e2e_demo"]) {
      const anonymous = await request.get(`${console_.url}${path}`, { headers: { accept: "application/json" } });
      expect(anonymous.status(), path).toBe(401);
    }
    const body = await request.get(`${console_.url}/health?ready`);
    expect(body.status()).toBe(200);
    expect(await body.text()).not.toContain("e2e_demo");
    const page = await request.get(`${console_.url}/login`, { headers: { accept: "text/html" } });
    expect(page.headers()["content-security-policy"]).toMatch(/script-src 'self' 'nonce-[^']+' 'wasm-unsafe-eval';/);
    expect(page.headers()).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin",
      "cache-control": "no-store",
    });
  } finally {
    await console_.stop();
  }
});
