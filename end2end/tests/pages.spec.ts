// Every page, in both themes, wide and narrow: nothing that axe finds serious, nothing that overflows, no complaint of the
// browser, and a picture to be looked at (end2end/screenshots).
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { type Page, expect, test } from "@playwright/test";
import { Console, root, tidemark } from "../harness/console";
import { complaints, expectNoOverflow, expectNothingSerious, hydrated, signIn } from "../harness/pages";
import { DEMO, databaseUrl, psql } from "../harness/setup";

const screenshots = path.join(root, "end2end/screenshots");
const TABLE = "hypertables/public/energy_consumption";
const PAGES: Record<string, string> = {
  overview: "",
  hypertables: "hypertables",
  table: TABLE,
  "table-chunks": `${TABLE}/chunks`,
  "table-compression": `${TABLE}/compression`,
  "table-policies": `${TABLE}/policies`,
  "table-jobs": `${TABLE}/jobs`,
  "policy-form": `${TABLE}/policies/change`,
  "policy-preview": `${TABLE}/policies/change?chunk_interval=12+hours&drop_after=30+days&preview=1`,
  "policy-misread": `${TABLE}/policies/change?drop_after=5+m&preview=1`,
  "policy-chunks": `${TABLE}/policies/change?drop_after=30+days&preview=1&chunks=1`,
  policies: "policies",
  "policies-of-a-table": "policies?table=public.energy_consumption",
  actions: "actions",
  "actions-of-a-table": "actions?table=public.energy_consumption",
  "action-misread": "actions/preview?action=drop_older_than&table=public.energy_consumption&older_than=90+dayz",
  "action-question": "actions/preview?action=drop_older_than&table=public.energy_consumption",
  "action-preview": "actions/preview?action=drop_older_than&table=public.energy_consumption&older_than=30+days",
  chunks: "chunks",
  compression: "compression",
  jobs: "jobs",
  aggregates: "aggregates",
  activity: "activity",
  search: "search?q=energy",
};
/** Those that belong to no database. */
const CONSOLE_PAGES: Record<string, string> = {
  users: "/users",
  user: "/users/admin",
  tokens: "/tokens",
  audit: "/audit",
  account: "/account",
  "not-found": "/nothing",
};
const COMMUNITY = process.env.TIDEMARK_TEST_COMMUNITY_URL;

/** The demo on the Community server; its policies are there, and have not all run. */
function loadCommunityDemo(): string {
  const url = new URL(COMMUNITY ?? "");
  const psql = (database: string, sql: string) => {
    url.pathname = `/${database}`;
    execFileSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url.toString(), "-c", sql]);
  };
  psql("postgres", "drop database if exists e2e_pages with (force)");
  psql("postgres", "create database e2e_pages");
  url.pathname = "/e2e_pages";
  tidemark(["demo", "load"], { TIDEMARK_DATABASE_URL: url.toString() });
  psql(
    "e2e_pages",
    `create materialized view energy_hourly with (timescaledb.continuous) as
       select time_bucket('1 hour', time) as bucket, meter_id, sum(kwh) from energy_consumption group by 1, 2 with no data`,
  );
  url.pathname = "/e2e_pages";
  return url.toString();
}

async function show(page: Page, url: string, status = 200): Promise<void> {
  const response = await page.goto(url);
  expect(response?.status(), url).toBe(status);
  await hydrated(page);
  await expect(page.locator("main h1").first()).toBeVisible();
}

/** Checks the page that is shown, and takes its picture. */
async function expectSound(page: Page, name: string): Promise<void> {
  await expectNothingSerious(page);
  await expectNoOverflow(page, name);
  await page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
}

const servers = { "the test server": () => databaseUrl(DEMO), "a Community server": loadCommunityDemo };
for (const [server, load] of Object.entries(servers)) {
  test.describe(server, () => {
    const isCommunity = load === loadCommunityDemo;
    test.skip(isCommunity && !COMMUNITY, "TIDEMARK_TEST_COMMUNITY_URL names no Community server");
    const prefix = isCommunity ? "community-" : "";

    let console_: Console;
    let database: string;
    test.beforeAll(async () => {
      // A hook has a time of its own, and loading the demo takes some.
      test.setTimeout(360_000);
      mkdirSync(screenshots, { recursive: true });
      const url = load();
      database = new URL(url).pathname.slice(1);
      // Nothing of it is as the demo has it, so the pages have differences to show.
      console_ = await Console.start(url, {
        TIMESCALEDB_CHUNK_TIME_INTERVAL: "12 hours",
        TIMESCALEDB_CHUNK_TIME_INTERVAL_METRIC_HIST: "2 hours",
        TIMESCALEDB_RETENTION_POLICY: "60 days",
        TIMESCALEDB_RETENTION_POLICY_OEE: "400 days",
        TIMESCALEDB_MAX_BACKGROUND_WORKERS: "3",
        TIMESCALEDB_RETENTION_POLICY_NOTHING: "1 day",
      });
    });

    /** Pages about what was done are there once something was: a change with its undo, an action, what the console drops. */
    async function doSomething(page: Page): Promise<Record<string, string>> {
      const base = `${console_.url}/db/${database}`;
      const done = () => expect(page.getByText(/^(Applied|Done)$/)).toBeVisible({ timeout: 60_000 });
      await page.goto(`${base}/hypertables/public/production_kpis/policies/change?chunk_interval=6+hours&drop_after=200+days&preview=1`);
      const change = page.getByRole("button", { name: "Apply" });
      if ((await change.count()) > 0) {
        const name = page.getByLabel(/Type .* to allow it/);
        if ((await name.count()) > 0) await name.fill("production_kpis");
        await change.click();
        await done();
      }
      await page.goto(`${base}/policies?table=public.production_kpis`);
      const address = await page.getByRole("link", { name: /^Change \d+$/ }).first().getAttribute("href");
      let job: string | undefined;
      if (isCommunity) {
        await page.goto(`${base}/jobs`);
        job = (await page.locator("tbody th a").first().getAttribute("href"))?.split("/").at(-1);
        await page.goto(`${base}/actions/preview?action=reschedule_job&job=${job}&next_start=2099-01-02&preview=1`);
        await page.getByRole("button", { name: "Reschedule" }).click();
        await done();
      } else {
        await page.goto(`${base}/actions/preview?action=drop_older_than&table=public.energy_consumption&older_than=98+days`);
        const drop = page.getByRole("button", { name: "Drop", exact: true });
        if ((await drop.count()) > 0) {
          await page.getByLabel(/Type .* to allow it/).fill("energy_consumption");
          await drop.click();
          await done();
        }
      }
      await page.goto(`${base}/actions`);
      const action = await page.locator("tbody th a").first().getAttribute("href");
      const from = (path: string | null) => path?.replace(`/db/${database}/`, "") ?? "";
      return {
        "policy-change": from(address),
        "policy-undo": `hypertables/public/production_kpis/policies/change?undo=${address?.split("/").at(-1)}`,
        "action-run": from(action),
        "action-run-beyond": `${from(action)}?page=9`,
        ...(isCommunity
          ? { "job-question": "jobs" }
          : {
              retention: "policies/retention/public/production_kpis",
              "retention-dry-run": "policies/retention/public/production_kpis?dry_run=1",
              "table-policies-kept": "hypertables/public/production_kpis/policies",
            }),
      };
    }

    test.afterAll(async () => {
      await console_?.stop();
    });

    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1440, 390]) {
        test(`every page is sound, ${colorScheme}, ${width} px`, async ({ browser }) => {
          test.setTimeout(360_000);
          const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
          const page = await context.newPage();
          const found = complaints(page);
          await signIn(page, console_);
          const kept = await doSomething(page);
          for (const [name, address] of Object.entries({ ...PAGES, ...kept })) {
            await show(page, `${console_.url}/db/${database}/${address}`.replace(/\/$/, ""));
            await expectSound(page, `${prefix}${name}-${width}-${colorScheme}`);
          }
          await page.goto(`${console_.url}/db/${database}/jobs`);
          const job = await page.locator("tbody th a").first().getAttribute("href");
          await show(page, `${console_.url}${job}`);
          await expectSound(page, `${prefix}job-${width}-${colorScheme}`);
          expect(found).toEqual([]);
          await context.close();
        });
      }
    }
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test(`what belongs to no database, and what nobody wants to see, is sound, ${colorScheme}, ${width} px`, async ({ browser }) => {
      test.setTimeout(360_000);
      mkdirSync(screenshots, { recursive: true });
      psql("postgres", "drop database if exists e2e_empty with (force)");
      psql("postgres", "create database e2e_empty");
      const size = `${width}-${colorScheme}`;
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();

      // Nobody is there yet.
      const first = await Console.start(databaseUrl("e2e_empty"), {}, false);
      try {
        await show(page, await first.setupLink());
        await expectSound(page, `setup-${size}`);
      } finally {
        await first.stop();
      }

      // Nothing is there yet: no extension, then no hypertable.
      const empty = await Console.start(databaseUrl("e2e_empty"));
      try {
        await page.goto(`${empty.url}/login`);
        await hydrated(page);
        await expectSound(page, `login-${size}`);
        await signIn(page, empty);
        await expect(page.getByText("TimescaleDB is not installed in this database")).toBeVisible();
        await hydrated(page);
        await expectSound(page, `no-extension-${size}`);
        psql("e2e_empty", "set client_min_messages = warning; create extension timescaledb");
        await expect(page.locator(".tiles")).toBeVisible({ timeout: 60_000 });
        for (const [name, address] of Object.entries(PAGES).filter(([, address]) => !address.includes("energy_consumption"))) {
          await show(page, `${empty.url}/db/e2e_empty/${address}`.replace(/\/$/, ""));
          await expectSound(page, `empty-${name}-${size}`);
        }
        for (const [name, address] of Object.entries(CONSOLE_PAGES)) {
          await show(page, `${empty.url}${address}`, name === "not-found" ? 404 : 200);
          await expectSound(page, `${name}-${size}`);
        }
        // What a viewer may not see.
        const other = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
        const viewed = await other.newPage();
        await signIn(viewed, empty, "viewer");
        await show(viewed, `${empty.url}/users`, 403);
        await expectSound(viewed, `forbidden-${size}`);
        await show(viewed, `${empty.url}/db/e2e_empty`);
        await expectSound(viewed, `viewer-overview-${size}`);
        await other.close();
        // The database is gone: the figures are those of before, and the page says so.
        psql("postgres", "drop database e2e_empty with (force)");
        await page.goto(`${empty.url}/db/e2e_empty`);
        await expect(page.locator(".notice")).toBeVisible({ timeout: 60_000 });
        await hydrated(page);
        await expectSound(page, `stale-${size}`);
        await show(page, `${empty.url}/db/e2e_empty/hypertables`);
        await expectSound(page, `stale-hypertables-${size}`);
      } finally {
        await empty.stop();
      }
      await context.close();
    });
  }
}
