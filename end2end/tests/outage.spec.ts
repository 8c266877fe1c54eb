// A server of its own is killed and started again under the console.
import { expect, test } from "@playwright/test";
import { Console, database } from "../harness/console";
import { expectNothingSerious, signIn } from "../harness/pages";

const LONG_MS = 300_000;
test.describe.configure({ mode: "serial", timeout: LONG_MS });

let url: string;
test.beforeAll(() => {
  // A hook has a time of its own, and this one makes a cluster.
  test.setTimeout(LONG_MS);
  database("start", "outage");
  database(
    "psql",
    "outage",
    "postgres",
    "-c",
    `set client_min_messages = warning; create extension timescaledb;
     create table readings (t timestamptz not null, v float);
     select create_hypertable('readings', by_range('t'));
     insert into readings select now(), 1 from generate_series(1, 1000);`,
  );
  url = database("url", "outage");
});
test.afterAll(() => {
  database("clean", "outage");
});

test("pages stay up while the database is down and recover within 15 s of its return", async ({ page }) => {
  const console_ = await Console.start(url);
  try {
    await signIn(page, console_);
    await expect(page.getByRole("rowheader", { name: /readings/ })).toBeVisible();

    database("kill", "outage");
    // The open page learns it by itself.
    await expect(page.getByText("Stale", { exact: true })).toBeVisible({ timeout: 60_000 });
    await expect(page.getByText("The database cannot be reached")).toBeVisible();
    await expect(page.getByRole("rowheader", { name: /readings/ })).toBeVisible();
    // A page that is loaded now has the last data, their age and the error too.
    await page.goto(`${console_.url}/db/postgres/hypertables`);
    await expect(page.getByRole("rowheader", { name: /readings/ })).toBeVisible();
    await expect(page.locator(".live")).toContainText(/stale.*\d+ (s|min) ago/);
    await expect(page.locator(".evidence")).toContainText(/refused|reset|closed/i);
    await expectNothingSerious(page);

    database("start", "outage");
    const returned = Date.now();
    await expect(page.locator(".live")).toContainText("live", { timeout: 15_000 });
    expect(Date.now() - returned).toBeLessThan(15_000);
    await expect(page.getByText("The database cannot be reached")).toHaveCount(0);
  } finally {
    await console_.stop();
  }
});

test("a console started before its database shows why it is empty and recovers by itself", async ({ page }) => {
  database("kill", "outage");
  const console_ = await Console.start(url);
  try {
    await signIn(page, console_);
    await expect(page.getByText("Unavailable", { exact: true })).toBeVisible();
    await expect(page.getByText("The database cannot be reached")).toBeVisible();
    await page.goto(`${console_.url}/db/postgres/hypertables`);
    await expect(page.getByText("The database cannot be reached")).toBeVisible();
    await expectNothingSerious(page);

    database("start", "outage");
    await expect(page.getByRole("rowheader", { name: /readings/ })).toBeVisible({ timeout: 15_000 });
    await expect(page.locator(".live")).toContainText("live");
  } finally {
    await console_.stop();
  }
});
