// What is done to chunks and jobs by hand, and what the console itself drops; as somebody does it, with and without JavaScript.
import { type Page, expect, test } from "@playwright/test";
import { Console, password, tidemark, until } from "../harness/console";
import { NO_COMMUNITY, onBothEditions } from "../harness/editions";
import { complaints, fresh, hydrated, signIn } from "../harness/pages";

const TABLE = "readings";

for (const database of onBothEditions("e2e_actions")) {
  const { edition, isCommunity, name } = database;
  const psql = (sql: string) => database.psql(sql);
  const chunks = () => Number(psql(`select count(*) from show_chunks('${TABLE}')`));

  test.describe(`on a server of the ${edition} edition`, () => {
    test.skip(database.isMissing, NO_COMMUNITY);
    let console_: Console;
    let base: string;
    test.beforeAll(async () => {
      if (database.isMissing) return;
      database.create();
      if (isCommunity) psql(`alter table ${TABLE} set (timescaledb.compress)`);
      psql("vacuum (analyze)");
      console_ = await Console.start(database.url());
      tidemark(["user", "add", "operator", "--role", "operator", "--password-stdin"], console_.variables, `${password}\n`);
      base = `${console_.url}/db/${name}`;
    });
    test.afterAll(async () => {
      await console_?.stop();
    });

    /** What was done stands in the audit log, with who did it and how it ended. */
    async function expectAudited(page: Page, what: string, who = "admin"): Promise<void> {
      await page.context().clearCookies();
      await signIn(page, console_);
      await page.goto(`${console_.url}/audit`);
      const row = page.getByRole("row").filter({ hasText: what }).filter({ hasText: who }).first();
      await expect(row).toBeVisible();
    }

    for (const js of [true, false]) {
      test(`chosen chunks are dropped after a preview and the typed name ${js ? "with" : "without"} JavaScript`, async ({ browser }) => {
        const page = await fresh(browser, js);
        const found = complaints(page);
        await signIn(page, console_);
        const before = chunks();
        await page.goto(`${base}/hypertables/public/${TABLE}/chunks?sort=from&dir=asc`);
        await hydrated(page);
        const boxes = page.getByRole("checkbox", { name: /Choose _hyper/ });
        await boxes.nth(0).check();
        await boxes.nth(1).check();
        await page.getByLabel("Do to the chosen").selectOption("drop");
        await page.locator("#chosen").getByRole("button", { name: "Preview" }).click();
        await expect(page.getByRole("heading", { name: "Drop 2 chunks" })).toBeVisible();
        await expect(page.getByText(/lost for good/).first()).toBeVisible();
        expect(chunks(), "a preview drops nothing").toBe(before);
        const typed = page.getByLabel(/Type .* to allow it/);
        await typed.fill("something else");
        await page.getByRole("button", { name: "Drop", exact: true }).click();
        await expect(page.getByText(/This loses data. Type .* to confirm it/)).toBeVisible();
        const asked = await page.locator("label", { hasText: "Type" }).locator("code").innerText();
        await page.getByLabel(/Type .* to allow it/).fill(asked);
        await page.getByRole("button", { name: "Drop", exact: true }).click();
        await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 30_000 });
        expect(chunks()).toBe(before - 2);
        await page.goto(`${base}/actions`);
        await expect(page.getByRole("row", { name: /Dropping 2 chunks/ }).first()).toContainText("succeeded");
        await expectAudited(page, "dropped chunks");
        expect(found.filter((line) => !line.includes("422"))).toEqual([]);
        await page.context().close();
      });
    }

    test(isCommunity ? "chunks of a table are compressed and shown as done" : "what the edition has not is said", async ({ page }) => {
      await signIn(page, console_);
      await page.goto(`${base}/hypertables/public/${TABLE}/chunks`);
      await hydrated(page);
      if (!isCommunity) {
        await expect(page.getByText("The Apache edition has no compression, and freezes no chunks.").first()).toBeVisible();
        await expect(page.getByRole("button", { name: "Compress", exact: true })).toBeDisabled();
        await expect(page.getByRole("option", { name: "Freeze", exact: true })).toBeDisabled();
        await page.goto(`${base}/actions/preview?action=compress&table=public.${TABLE}`);
        await expect(page.getByText(/needs the Community edition/)).toBeVisible();
        return;
      }
      await page.getByRole("link", { name: "Compress", exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name: /Compress \d+ chunks/ })).toBeVisible();
      await page.getByRole("button", { name: "Compress", exact: true }).click();
      await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 60_000 });
      const compressed = Number(
        psql(`select count(*) from timescaledb_information.chunks where hypertable_name = '${TABLE}' and is_compressed`),
      );
      expect(compressed).toBe(chunks());
    });

    test("a great many chosen chunks stay chosen when a wrong name is typed", async ({ page }) => {
      await signIn(page, console_);
      const names = psql(
        `select string_agg(chunk_schema || '.' || chunk_name, ' ' order by chunk_name) from (select * from timescaledb_information.chunks where hypertable_name = '${TABLE}' limit 97) c`,
      ).split(" ");
      const chosen = names.map((chunk) => `chunk=${encodeURIComponent(chunk)}`).join("&");
      const address = `${base}/actions/preview?action=drop&${chosen}`;
      // More than a browser says of where it comes from.
      expect(address.length).toBeGreaterThan(4096);
      await page.goto(address);
      await page.getByLabel(/Type .* to allow it/).fill("something else");
      await page.getByRole("button", { name: "Drop", exact: true }).click();
      await expect(page.getByText(/This loses data. Type .* to confirm it/)).toBeVisible();
      await expect(page.getByRole("heading", { level: 1, name: `Drop ${names.length} chunks` })).toBeVisible();
    });

    for (const js of [true, false]) {
      test(`what cannot be understood is asked for again, with what was said ${js ? "with" : "without"} JavaScript`, async ({ browser }) => {
        const page = await fresh(browser, js);
        await signIn(page, console_);
        await page.goto(`${base}/hypertables/public/${TABLE}/chunks`);
        await hydrated(page);
        await page.getByLabel("Drop chunks older than").fill("90 dayz");
        await page.getByRole("button", { name: "Preview dropping" }).click();
        const field = page.getByLabel("Drop chunks older than");
        await expect(field).toHaveAttribute("aria-invalid", "true");
        await expect(field).toHaveValue("90 dayz");
        await expect(field).toHaveAccessibleDescription(/dayz/);
        await field.fill("90 days");
        await page.getByRole("button", { name: "Preview" }).click();
        await expect(page.getByRole("heading", { level: 1, name: /^Drop/ })).toBeVisible();
        await expect(page.getByText(/lost for good/).first()).toBeVisible();
        await page.context().close();
      });
    }

    test("a chosen chunk that was dropped meanwhile is told, and the others are handled", async ({ page }) => {
      await signIn(page, console_);
      const left = psql(
        `select chunk_schema || '.' || chunk_name from timescaledb_information.chunks where hypertable_name = '${TABLE}' order by range_start desc limit 1`,
      );
      await page.goto(`${base}/actions/preview?action=drop&chunk=${left}&chunk=_timescaledb_internal._hyper_99_1_chunk`);
      await expect(page.getByText("1 chosen chunk is not there any more")).toBeVisible();
      await expect(page.getByRole("button", { name: "Drop", exact: true })).toBeVisible();
    });

    test("several tables are chosen, and what is still to be said is asked for", async ({ page }) => {
      psql(
        `set client_min_messages = warning; create table if not exists second (at timestamptz not null, v int);
         select create_hypertable('second', by_range('at', interval '1 day'), if_not_exists => true);
         insert into second select now() - d * interval '1 day' from generate_series(0, 9) d`,
      );
      await signIn(page, console_);
      await until(async () => {
        await page.goto(`${base}/hypertables`);
        return (await page.getByRole("checkbox", { name: "Choose second" }).count()) === 1;
      }, "the table was read");
      await hydrated(page);
      await page.getByRole("checkbox", { name: "Choose second" }).check();
      await page.getByRole("checkbox", { name: `Choose ${TABLE}` }).check();
      await expect(page.getByText("2 chosen")).toBeVisible();
      await page.getByLabel("Do to the chosen").selectOption("drop_older_than");
      await page.locator("#chosen").getByRole("button", { name: "Preview" }).click();
      await page.getByLabel("Drop chunks older than").fill("8 days");
      await page.getByRole("button", { name: "Preview" }).click();
      await expect(page.getByRole("heading", { level: 1, name: /Drop \d+ chunks/ })).toBeVisible();
      await expect(page.getByLabel(new RegExp(`Type ${name} to allow it`))).toBeVisible();
    });

    if (isCommunity) {
      test("an action is ended: what is done stays, the rest is not begun", async ({ page }) => {
        const holder = database.hold(`lock table ${TABLE} in share row exclusive mode`, "holds chunks");
        try {
          await until(
            () => psql("select count(*) from pg_stat_activity where application_name = 'holds chunks' and wait_event = 'PgSleep'") === "1",
            "the lock is held",
          );
          await signIn(page, console_);
          await page.goto(`${base}/actions/preview?action=decompress&table=public.${TABLE}`);
          await page.getByRole("button", { name: "Decompress", exact: true }).click();
          await expect(page.getByText("Under way", { exact: true })).toBeVisible();
          await expect(page.getByRole("progressbar")).toHaveAccessibleName(/\d+ of \d+/);
          await page.getByRole("button", { name: "End it" }).click();
          await expect(page.getByText("Ended by admin")).toBeVisible({ timeout: 60_000 });
          await expectAudited(page, "ended an action");
        } finally {
          holder.kill("SIGKILL");
          psql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holds chunks'");
        }
      });

      test("chosen jobs are rescheduled, and a moment that is none is asked for again", async ({ page }) => {
        const job = psql(`select job_id from timescaledb_information.jobs where proc_name = 'policy_retention'`);
        await signIn(page, console_);
        await page.goto(`${base}/jobs`);
        await hydrated(page);
        await page.getByRole("checkbox", { name: new RegExp(`job ${job}`) }).check();
        await page.getByLabel("Do to the chosen").selectOption("reschedule_job");
        await page.locator("#chosen").getByRole("button", { name: "Preview" }).click();
        await expect(page.getByLabel("Next start, in UTC")).toBeVisible();
        await page.goto(`${base}/actions/preview?action=reschedule_job&job=${job}&next_start=tomorrow&preview=1`);
        const field = page.getByLabel("Next start, in UTC");
        await expect(field).toHaveAttribute("aria-invalid", "true");
        await field.fill("2099-01-02T03:04");
        await page.getByRole("button", { name: "Preview" }).click();
        await page.getByRole("button", { name: "Reschedule" }).click();
        await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 30_000 });
        expect(psql(`select next_start at time zone 'UTC' from timescaledb_information.jobs where job_id = ${job}`)).toBe(
          "2099-01-02 03:04:00",
        );
        await expectAudited(page, "rescheduled a job");
      });

      test("a continuous aggregate is refreshed over a range; one that cannot be is asked for again", async ({ page }) => {
        psql(
          `create materialized view daily with (timescaledb.continuous) as
             select time_bucket('1 day', at) as day, sum(value) from ${TABLE} group by 1 with no data`,
        );
        await signIn(page, console_, "operator");
        await until(async () => {
          await page.goto(`${base}/aggregates`);
          return (await page.getByRole("checkbox", { name: "Choose daily" }).count()) === 1;
        }, "the aggregate was read");
        await hydrated(page);
        await page.getByRole("checkbox", { name: "Choose daily" }).check();
        await page.locator("#chosen").getByRole("button", { name: "Preview" }).click();
        await page.getByLabel("From").fill("yesterday");
        await page.getByRole("button", { name: "Preview" }).click();
        await expect(page.getByLabel("From")).toHaveAttribute("aria-invalid", "true");
        await expect(page.getByLabel("From")).toHaveValue("yesterday");
        await page.getByLabel("From").fill("");
        await page.getByRole("button", { name: "Preview" }).click();
        await page.getByRole("button", { name: "Refresh", exact: true }).click();
        await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 30_000 });
        expect(Number(psql("select count(*) from daily"))).toBeGreaterThan(0);
        // What operators may not do is there, with the reason.
        const job = psql(`select job_id from timescaledb_information.jobs where proc_name = 'policy_retention'`);
        await page.goto(`${base}/jobs/${job}`);
        await expect(page.getByRole("button", { name: "Run now" })).toBeDisabled();
        await expect(page.getByRole("button", { name: "Reschedule" })).toBeDisabled();
        await expect(page.getByRole("button", { name: "Run now" })).toHaveAccessibleDescription(/administrators run/);
        await expectAudited(page, "refreshed a continuous aggregate", "operator");
      });

      test("a job is paused and resumed; an operator may not pause retention", async ({ page }) => {
        const job = psql(`select job_id from timescaledb_information.jobs where proc_name = 'policy_retention'`);
        const isScheduled = () => psql(`select scheduled from timescaledb_information.jobs where job_id = ${job}`);
        await signIn(page, console_);
        await page.goto(`${base}/jobs/${job}`);
        await page.getByRole("link", { name: "Pause" }).click();
        await page.getByRole("button", { name: "Pause" }).click();
        await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 30_000 });
        expect(isScheduled()).toBe("f");
        await page.goto(`${base}/actions/preview?action=resume_job&job=${job}`);
        // Resumed, it drops what is due.
        await page.getByLabel(new RegExp(`Type ${TABLE} to allow it`)).fill(TABLE);
        await page.getByRole("button", { name: "Resume" }).click();
        await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 30_000 });
        expect(isScheduled()).toBe("t");
        await page.context().clearCookies();
        await signIn(page, console_, "operator");
        const answer = await page.goto(`${base}/actions/preview?action=pause_job&job=${job}`);
        expect(answer?.status()).toBe(403);
      });
    } else {
      test("what is due is dropped by the console: a dry run says what, the run does it and is kept", async ({ page }) => {
        await signIn(page, console_);
        const left = chunks();
        await page.goto(`${base}/hypertables/public/${TABLE}/policies/change?drop_after=50+days&preview=1`);
        await page.getByLabel(/Type readings to allow it/).fill(TABLE);
        await page.getByRole("button", { name: /^Apply/ }).click();
        await expect(page.getByText("Applied", { exact: true })).toBeVisible({ timeout: 30_000 });
        // The table's own page says so too, with the way there.
        await page.goto(`${base}/hypertables/public/${TABLE}/policies`);
        await expect(page.getByText("50 days")).toBeVisible();
        await expect(page.getByRole("link", { name: "Runs, dry run and more" })).toBeVisible();
        await page.goto(`${base}/policies`);
        await page.getByRole("region", { name: "What the console itself drops" }).getByRole("link", { name: TABLE }).click();
        await page.getByRole("link", { name: "Dry run" }).click();
        await expect(page.getByRole("heading", { name: "What a run would do now" })).toBeVisible();
        await expect(page.locator(".steps")).toContainText("drop_chunks");
        expect(chunks()).toBe(left);
        await page.locator("details.question summary").click();
        await page.getByLabel(/Type readings to allow it/).fill(TABLE);
        await page.getByRole("button", { name: "Drop what is due" }).click();
        await until(() => chunks() < left, "the chunks are dropped");
        expect(chunks()).toBeGreaterThanOrEqual(50);
        await until(async () => {
          await page.goto(`${base}/policies/retention/public/${TABLE}`);
          return page.getByRole("row", { name: /by admin/ }).getByText("succeeded").isVisible();
        }, "the run is kept");
        await expectAudited(page, "dropped what was due");
      });
    }
  });
}
