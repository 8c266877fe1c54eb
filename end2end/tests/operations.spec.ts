// What an operator looks at: jobs, continuous aggregates, who waits for whom. The causes are made with SQL.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { expect, test } from "@playwright/test";
import { Console, until } from "../harness/console";
import { complaints, expectNoOverflow, expectNothingSerious, fresh, hydrated, signIn } from "../harness/pages";
import { MANY, databaseUrl, psql } from "../harness/setup";

const PAGES = ["jobs", "aggregates", "activity"];
/** One that no other spec writes to: whoever did would wait, too. */
const TABLE = "sensor_03";

let console_: Console;
/** A job that every server has. */
let job: string;
test.beforeAll(async () => {
  job = psql(MANY, "select min(job_id) from timescaledb_information.jobs");
  console_ = await Console.start(databaseUrl(MANY));
});
test.afterAll(async () => {
  await console_.stop();
});

/** A session of its own, which does what it is told until it is let go. */
class Session {
  private constructor(
    private readonly child: ChildProcess,
    private readonly name: string,
  ) {}

  static open(name: string): Session {
    const child = spawn("psql", ["-X", "-q", "-d", databaseUrl(MANY)], {
      env: { ...process.env, PGAPPNAME: name },
      stdio: ["pipe", "ignore", "ignore"],
    });
    return new Session(child, name);
  }

  say(sql: string): void {
    this.child.stdin?.write(`${sql}\n`);
  }

  /** Its process, once the server shows it in this state. */
  async pid(condition: string): Promise<string> {
    let pid = "";
    await until(() => {
      pid = psql(
        MANY,
        `select pid from pg_stat_activity where application_name = '${this.name}' and ${condition}`,
      );
      return pid !== "";
    }, `${this.name}: ${condition}`);
    return pid;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }
}

test("a session that waits is shown with the one that holds it up, and is gone when the lock is", async ({ page }) => {
  const holder = Session.open("e2e_holder");
  const waiter = Session.open("e2e_waiter");
  try {
    await signIn(page, console_);
    await page.goto(`${console_.url}/db/${MANY}/activity`);
    await expect(page.getByText("Nobody waits for a lock.")).toBeVisible();
    await hydrated(page);

    // Locks that no reader of the catalogs minds.
    holder.say(`begin; lock table ${TABLE} in share mode;`);
    const held = await holder.pid("state = 'idle in transaction' and query like 'lock%'");
    waiter.say(`begin; lock table ${TABLE} in row exclusive mode;`);
    const waits = await waiter.pid("wait_event_type = 'Lock'");

    // The open page learns it by itself.
    const rows = page.locator("#waits tbody tr");
    await expect(rows).toHaveCount(2, { timeout: 60_000 });
    await expect(rows.nth(0)).toContainText(`Process ${held}`);
    await expect(rows.nth(1)).toContainText(`Process ${waits}`);
    await expect(rows.nth(1)).toContainText("e2e_waiter");
    await expect(rows.nth(1)).toContainText("RowExclusiveLock");
    await expect(rows.nth(1).getByRole("link", { name: TABLE })).toHaveAttribute(
      "href",
      `/db/${MANY}/hypertables/public/${TABLE}`,
    );
    await expect(rows.nth(1).getByRole("cell").last()).toHaveText(held);
    await expect(page.getByText("1 session waits")).toBeVisible();
    await expectNothingSerious(page);

    holder.say("rollback;");
    await expect(page.getByText("Nobody waits for a lock.")).toBeVisible({ timeout: 60_000 });
  } finally {
    await holder.end();
    await waiter.end();
  }
});

for (const javaScriptEnabled of [true, false]) {
  test(`the pages show what there is ${javaScriptEnabled ? "with" : "without"} JavaScript`, async ({ browser }) => {
    const page = await fresh(browser, javaScriptEnabled);
    const found = complaints(page);
    await signIn(page, console_);
    await page.goto(`${console_.url}/db/${MANY}/jobs`);
    await hydrated(page);
    await expect(page.getByRole("heading", { level: 1, name: "Jobs" })).toBeVisible();
    await expect(page.getByText("Next start").first()).toBeVisible();
    const jobs = page.getByRole("region", { name: "Jobs", exact: true }).locator("tbody tr");
    const count = Number(psql(MANY, "select count(*) from timescaledb_information.jobs"));
    await expect(jobs).toHaveCount(count);

    // A job's page is reached from the list, and the trail leads back.
    await jobs.first().getByRole("rowheader").getByRole("link").click();
    await expect(page).toHaveURL(/\/jobs\/\d+$/);
    await expect(page.getByRole("heading", { name: "Failed runs" })).toBeVisible();
    await expect(page.getByText("Longest run allowed")).toBeVisible();
    await page.getByRole("navigation", { name: "Breadcrumbs" }).getByRole("link", { name: "Jobs" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Jobs" })).toBeVisible();

    await page.goto(`${console_.url}/db/${MANY}/aggregates`);
    await expect(page.getByText(/has no continuous aggregates/)).toBeVisible();
    await expect(page.getByText("CREATE MATERIALIZED VIEW")).toBeVisible();

    await page.goto(`${console_.url}/db/${MANY}/activity`);
    for (const title of ["Who waits for whom", "Long transactions", "Background workers", "Transaction ids", "Replication slots"]) {
      await expect(page.getByRole("heading", { level: 2, name: title, exact: true })).toBeVisible();
    }
    expect(found).toEqual([]);
    await page.context().close();
  });
}

test("sorting keeps the chart's range in the address, and the range keeps the sorting", async ({ page }) => {
  await signIn(page, console_);
  await page.goto(`${console_.url}/db/${MANY}/jobs?range=7d`);
  await hydrated(page);
  await page.getByRole("columnheader", { name: "Number" }).getByRole("link").click();
  await expect(page).toHaveURL(/range=7d/);
  await expect(page).toHaveURL(/sort=id/);
  await page.getByRole("searchbox", { name: "Filter by job, table, owner or number" }).fill("nothing like it");
  await expect(page.getByText("No job matches “nothing like it”.")).toBeVisible();
  await expect(page).toHaveURL(/range=7d/);
});

test("a viewer sees none of it, and what does not exist is not found", async ({ browser }) => {
  const viewer = await fresh(browser, true);
  await signIn(viewer, console_, "viewer");
  for (const path of [...PAGES, `jobs/${job}`]) {
    const answer = await viewer.goto(`${console_.url}/db/${MANY}/${path}`);
    expect(answer?.status(), path).toBe(403);
    await expect(viewer.getByRole("heading", { name: "Not for your role" })).toHaveCount(1);
  }
  await expect(viewer.getByRole("link", { name: "Activity" })).toHaveCount(0);
  await viewer.context().close();

  const admin = await fresh(browser, true);
  await signIn(admin, console_);
  for (const path of ["jobs/2147483647", "jobs/none"]) {
    const answer = await admin.goto(`${console_.url}/db/${MANY}/${path}`);
    expect(answer?.status(), path).toBe(404);
  }
  await admin.context().close();
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing serious and nothing overflows, ${colorScheme}, ${width} px`, async ({ browser }) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      await signIn(page, console_);
      for (const path of [...PAGES, `jobs/${job}`]) {
        await page.goto(`${console_.url}/db/${MANY}/${path}`);
        await hydrated(page);
        await expectNothingSerious(page);
        await expectNoOverflow(page, path);
      }
      await context.close();
    });
  }
}

test.describe("on a server of the Community edition", () => {
  const NAME = "e2e_operations";
  const server = process.env.TIDEMARK_TEST_COMMUNITY_URL;
  test.skip(!server, "TIDEMARK_TEST_COMMUNITY_URL names no Community server");

  const url = (name: string) => {
    const of = new URL(server ?? "postgres://localhost");
    of.pathname = `/${name}`;
    return of.toString();
  };
  const sql = (name: string, text: string) =>
    execFileSync("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url(name), "-c", text], {
      encoding: "utf8",
    }).trim();

  test.beforeAll(() => {
    sql("postgres", `drop database if exists ${NAME} with (force)`);
    sql("postgres", `create database ${NAME}`);
    sql(NAME, "set client_min_messages = warning; create extension timescaledb");
    sql(
      NAME,
      `set client_min_messages = warning;
       create table readings (t timestamptz not null, v float);
       select create_hypertable('readings', 't');
       insert into readings select now() - i * interval '1 hour', i from generate_series(1, 200) i;`,
    );
    sql(
      NAME,
      `create materialized view hourly with (timescaledb.continuous) as
         select time_bucket('1 hour', t) as hour, avg(v) from readings group by 1 with no data`,
    );
    sql(
      NAME,
      `select add_continuous_aggregate_policy('hourly', interval '30 days', interval '1 hour', interval '30 minutes');
       create procedure fails(job_id int, config jsonb) language plpgsql
         as $$ begin raise exception 'the price list is gone' using errcode = '42P01'; end $$;
       select add_job('fails', interval '1 hour', config => '{"list": "prices"}');`,
    );
  });
  test.afterAll(() => {
    sql("postgres", `drop database if exists ${NAME} with (force)`);
  });

  test("a job that fails says why, and its runs are drawn", async ({ page }) => {
    test.setTimeout(300_000);
    const own = await Console.start(url(NAME));
    try {
      await until(
        () => sql(NAME, "select count(*) from timescaledb_information.job_stats where last_run_status = 'Failed'") === "1",
        "the job has failed",
        90_000,
      );
      await signIn(page, own);
      await page.goto(`${own.url}/db/${NAME}/jobs`);
      const row = page.getByRole("row", { name: /Custom job \d+ \(fails\)/ });
      await expect(row).toContainText("failed", { timeout: 60_000 });
      await expect(row).toContainText("Failing");
      await row.getByRole("rowheader").getByRole("link").click();
      await expect(page.getByText("Its procedure raised an error").first()).toBeVisible();
      await expect(page.locator(".failures .evidence").first()).toHaveText(/the price list is gone/);
      await expect(page.locator(".failures code").first()).toHaveText("42P01");
      await expect(page.locator(".config")).toContainText('"list": "prices"');
      // History has it within a minute; the page that is opened then draws it.
      await expect(async () => {
        await page.reload();
        await expect(page.getByRole("img", { name: /^Runs[^.]*\. [1-9]\d* of [1-9]\d* runs failed/ })).toBeVisible({
          timeout: 2_000,
        });
      }).toPass({ timeout: 80_000 });
      await expectNothingSerious(page);
    } finally {
      await own.stop();
    }
  });

  test("a continuous aggregate is listed with its source, its window and its job", async ({ page }) => {
    const own = await Console.start(url(NAME));
    try {
      await signIn(page, own);
      await page.goto(`${own.url}/db/${NAME}/aggregates`);
      const row = page.getByRole("row", { name: /hourly/ });
      await expect(row).toContainText("from 30 days to 1 hour ago", { timeout: 60_000 });
      await expect(row.getByRole("link", { name: "readings" })).toBeVisible();
      await expectNothingSerious(page);
      await row.getByRole("link", { name: "from 30 days to 1 hour ago" }).click();
      await expect(page.getByRole("heading", { level: 1, name: "Refresh of hourly" })).toBeVisible();
    } finally {
      await own.stop();
    }
  });
});
