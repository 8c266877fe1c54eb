// A policy on its whole way: edited, previewed, applied, seen, taken back; with and without JavaScript, on both editions.
import { type Page, expect, test } from "@playwright/test";
import { Console, password, tidemark, until } from "../harness/console";
import { NO_COMMUNITY, onBothEditions } from "../harness/editions";
import { complaints, fresh, hydrated, signIn } from "../harness/pages";

const TABLE = "readings";

for (const database of onBothEditions("e2e_policies")) {
  const { edition, isCommunity, name } = database;
  const psql = (sql: string) => database.psql(sql);
  /** Length of new chunks, and when they are dropped; of the Apache edition the server knows the first only. */
  const actual = () =>
    psql(
      `select (select time_interval from timescaledb_information.dimensions where hypertable_name = '${TABLE}'),
         (select config->>'drop_after' from timescaledb_information.jobs where hypertable_name = '${TABLE}' and proc_name = 'policy_retention')`,
    );

  test.describe(`on a server of the ${edition} edition`, () => {
    test.skip(database.isMissing, NO_COMMUNITY);
    let console_: Console;
    let base: string;
    test.beforeAll(async () => {
      if (database.isMissing) return;
      database.create();
      psql("vacuum (analyze)");
      console_ = await Console.start(database.url());
      tidemark(["user", "add", "operator", "--role", "operator", "--password-stdin"], console_.variables, `${password}\n`);
      base = `${console_.url}/db/${name}`;
    });
    test.afterAll(async () => {
      await console_?.stop();
    });

    /** From the table's tab to the preview of another chunk interval and age. */
    async function preview(page: Page, chunks: string, dropAfter: string): Promise<void> {
      await page.goto(`${base}/hypertables/public/${TABLE}/policies`);
      await hydrated(page);
      await page.getByRole("link", { name: "Change the policy" }).click();
      await expect(page.getByRole("heading", { name: "Change the policy" })).toBeVisible();
      await page.getByRole("combobox", { name: "Chunk interval" }).fill(chunks);
      await page.getByRole("combobox", { name: "Drop after" }).fill(dropAfter);
      await page.getByRole("button", { name: "Preview" }).click();
      await expect(page.getByRole("heading", { name: "What would change" })).toBeVisible();
      await hydrated(page);
    }

    for (const js of [true, false]) {
      test(`an administrator edits, previews, confirms, applies, sees and undoes ${js ? "with" : "without"} JavaScript`, async ({
        browser,
      }) => {
        const page = await fresh(browser, js);
        const found = complaints(page);
        await signIn(page, console_);
        const before = actual();
        await preview(page, "12 hours", "30 days");

        // What is seen before: fields, chunks that go, statements, and that a name has to be typed.
        const change = page.getByRole("region", { name: "Fields that change" });
        await expect(change.getByRole("row", { name: /Chunk interval/ })).toContainText("12 hours");
        await expect(change.getByRole("row", { name: /Drop after/ })).toContainText("30 days");
        await expect(page.getByText(/drops 69 chunks|drops 70 chunks|drops 71 chunks/)).toBeVisible();
        await expect(page.locator(".steps li").first()).toContainText("set_chunk_time_interval");
        await expect(page.getByRole("heading", { name: "What becomes of the chunks" })).toBeVisible();
        expect(actual(), "a preview changes nothing").toBe(before);

        // Another name than the table's is refused, and nothing is lost of what the form said.
        await page.getByLabel("Why").fill("disk is full");
        await page.getByLabel(/Type readings to allow it/).fill("reading");
        await page.getByRole("button", { name: /^Apply/ }).click();
        await expect(page.getByText("This deletes data: type the table's name, readings, to confirm it.")).toBeVisible();
        expect(actual()).toBe(before);
        await hydrated(page);
        await expect(page.getByRole("combobox", { name: "Drop after" })).toHaveValue("30 days");
        await expect(page.getByLabel("Why")).toHaveValue("disk is full");
        // It is said once, and by nothing in the address.
        expect(new URL(page.url()).search).not.toContain("__err");

        await page.getByLabel(/Type readings to allow it/).fill(TABLE);
        await page.getByRole("button", { name: /^Apply/ }).click();
        await expect(page.getByText("Applied", { exact: true })).toBeVisible({ timeout: 30_000 });
        await hydrated(page);
        const address = new URL(page.url()).pathname;
        expect(address).toMatch(/\/policies\/changes\/\d+$/);
        await expect(page.getByText("disk is full")).toBeVisible();
        expect(actual()).toBe(isCommunity ? "12:00:00|30 days" : "12:00:00|");

        // On the table's own form, in the list of changes, in the audit log.
        await page.goto(`${base}/hypertables/public/${TABLE}/policies/change`);
        await expect(page.getByRole("combobox", { name: "Drop after" })).toHaveValue("30 days");
        await page.goto(`${base}/policies`);
        const row = page.getByRole("row", { name: /disk is full/ }).first();
        await expect(row).toContainText("by admin");
        await expect(row).toContainText("applied");
        await page.goto(`${console_.url}/audit`);
        await expect(page.getByRole("row", { name: /changed a policy/ }).first()).toContainText(TABLE);

        // Taken back: the settings, and what that does is shown first.
        await page.goto(`${console_.url}${address}`);
        await hydrated(page);
        await page.getByRole("link", { name: "Preview taking it back" }).click();
        await expect(page.getByRole("heading", { name: "What would change" })).toBeVisible();
        await page.getByRole("button", { name: "Apply" }).click();
        await expect(page.getByText("Applied", { exact: true })).toBeVisible({ timeout: 30_000 });
        expect(actual()).toBe(before);
        await page.goto(`${console_.url}${address}`);
        await expect(page.getByText(/It was taken back by change/)).toBeVisible();
        expect(found.filter((line) => !line.includes("422"))).toEqual([]);
        await page.context().close();
      });
    }

    test("what somebody else changed after the preview is refused, and nothing is overwritten", async ({ page }) => {
      await signIn(page, console_);
      await preview(page, "6 hours", "never");
      psql(`select set_chunk_time_interval('${TABLE}', interval '8 hours')`);
      await page.getByRole("button", { name: "Apply" }).click();
      await expect(page.getByText("Nothing was changed: something changed after the preview")).toBeVisible();
      await expect(page.getByText(/Chunk interval: 1 day became 8 hours/)).toBeVisible();
      expect(actual()).toMatch(/^08:00:00/);
      // The preview that is shown now is one of what there is now.
      await expect(page.getByRole("region", { name: "Fields that change" })).toContainText("8 hours");
      psql(`select set_chunk_time_interval('${TABLE}', interval '1 day')`);
    });

    test("what becomes of each chunk is listed, what is dropped first, page by page", async ({ page }) => {
      await signIn(page, console_);
      await preview(page, "1 day", "3 days");
      const list = page.locator("#chunk-by-chunk");
      await list.locator("summary").click();
      const rows = list.locator("tbody tr");
      const dropped = Number(psql(`select count(*) from show_chunks('${TABLE}')`));
      expect(await rows.count()).toBe(Math.min(dropped, 100));
      const first = psql(
        `select chunk_name from timescaledb_information.chunks where hypertable_name = '${TABLE}' order by range_start limit 1`,
      );
      await expect(rows.first()).toContainText(first);
      await expect(rows.first().locator("td").last()).toContainText("UTC");
    });

    test("changes of one table are listed by themselves, and taken away as files", async ({ page }) => {
      await signIn(page, console_);
      await page.goto(`${base}/hypertables/public/${TABLE}/policies`);
      await page.getByRole("link", { name: "Changes of this table" }).click();
      await expect(page.getByText(`Only ${TABLE}`)).toBeVisible();
      await expect(page.getByRole("heading", { name: "Declared and actual" })).toHaveCount(0);
      const shown = await page.getByRole("region", { name: "Changes" }).locator("tbody tr").count();
      expect(shown).toBeGreaterThan(0);
      const href = await page.getByRole("link", { name: "Export JSON" }).getAttribute("href");
      const rows = await (await page.request.get(`${console_.url}${href}`)).json();
      expect(rows).toHaveLength(shown);
      expect(rows[0]).toMatchObject({ table_name: TABLE, actor: "admin" });
      const others = await page.request.get(`${base}/export/changes.csv?table=public.other`);
      expect((await others.text()).trim().split("\r\n")).toHaveLength(1);
    });

    if (isCommunity) {
      test("a lock that is held is named on the page, with who holds it", async ({ page }) => {
        await signIn(page, console_);
        await page.goto(`${base}/hypertables/public/${TABLE}/policies/change?compression=on&compress_after=never&preview=1`);
        const holder = database.hold(`lock table ${TABLE} in share mode`, "night batch");
        try {
          await until(
            () => psql("select count(*) from pg_stat_activity where application_name = 'night batch' and wait_event = 'PgSleep'") === "1",
            "the lock is held",
          );
          await page.getByRole("button", { name: "Apply" }).click();
          await expect(page.getByText(/night batch/).first()).toBeVisible({ timeout: 90_000 });
        } finally {
          holder.kill("SIGKILL");
          psql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'night batch'");
        }
      });
    }

    test("a field that cannot be understood says in its place what would be right", async ({ page }) => {
      await signIn(page, console_);
      await page.goto(`${base}/hypertables/public/${TABLE}/policies/change?drop_after=6+m&preview=1`);
      const field = page.getByRole("combobox", { name: "Drop after" });
      await expect(field).toHaveAttribute("aria-invalid", "true");
      await expect(field).toHaveValue("6 m");
      await expect(field).toHaveAccessibleDescription(/minutes or months/);
    });

    for (const role of ["operator", "viewer"]) {
      test(`${role === "operator" ? "an operator" : "a viewer"} is refused`, async ({ page }) => {
        await signIn(page, console_, role === "viewer" ? "viewer" : role);
        await expect(page.getByRole("link", { name: "Policies", exact: true })).toHaveCount(0);
        for (const path of [
          "/policies",
          "/policies/changes/1",
          `/hypertables/public/${TABLE}/policies/change?drop_after=1+day&preview=1`,
        ]) {
          const response = await page.goto(`${base}${path}`);
          expect(response?.status(), path).toBe(403);
          await expect(page.getByText("Not for your role").first()).toBeVisible();
        }
        if (role === "operator") {
          await page.goto(`${base}/hypertables/public/${TABLE}/policies`);
          await expect(page.getByRole("button", { name: "Change the policy" })).toBeDisabled();
        }
        const before = actual();
        const answer = await page.request.post(`${console_.url}/fn/apply_policy`, {
          headers: { origin: console_.url },
          form: { database: name, table: `public.${TABLE}`, fingerprint: "x", "fields[drop_after]": "1 day" },
        });
        expect(answer.status()).toBe(403);
        expect(actual()).toBe(before);
      });
    }

    test.describe("beside what is declared", () => {
      let declaring: Console;
      test.beforeAll(async () => {
        if (database.isMissing) return;
        psql(
          `set client_min_messages = warning;
           create table if not exists ordinary (at timestamptz not null, v int);
           create table if not exists " a ? name." (at timestamptz not null, v int);
           create table if not exists ".." (at timestamptz not null, v int);
           select create_hypertable(t, by_range('at', interval '1 day'), if_not_exists => true)
             from unnest(array['ordinary', '" a ? name."', '".."']::regclass[]) t;
           insert into ordinary select now();
           insert into " a ? name." select now() - d * interval '1 day' from generate_series(0, 20) d;
           insert into ".." select now() - d * interval '1 day' from generate_series(0, 20) d`,
        );
        declaring = await Console.start(database.url(), {
          TIMESCALEDB_CHUNK_TIME_INTERVAL: "1 day",
          TIMESCALEDB_CHUNK_TIME_INTERVAL_READINGS: "12 hours",
          TIMESCALEDB_CHUNK_TIME_INTERVAL_ORDINARY: "6 hours",
          TIMESCALEDB_MAX_BACKGROUND_WORKERS: "3",
        });
      });
      test.afterAll(async () => {
        await declaring?.stop();
      });
      const interval = (table: string) =>
        psql(`select time_interval from timescaledb_information.dimensions where hypertable_name = '${table}'`);

      test("what differs is shown, applied to the chosen, and refused where somebody changed it meanwhile", async ({ page }) => {
        psql(`select set_chunk_time_interval('${TABLE}', interval '1 day')`);
        psql(`select set_chunk_time_interval('ordinary', interval '1 day')`);
        await signIn(page, declaring);
        const differs = async () => {
          await page.goto(`${declaring.url}/db/${name}/policies`);
          return (await page.getByRole("row", { name: /ordinary/ }).getByText(/1 day → 6 hours/).count()) > 0;
        };
        await until(differs, "the reading shows the difference");
        await expect(page.getByText(/3 background workers are declared/)).toBeVisible();
        // Somebody is faster with one of the two.
        psql(`select set_chunk_time_interval('${TABLE}', interval '4 hours')`);
        await page.getByRole("checkbox", { name: `Choose ${TABLE}` }).check();
        await page.getByRole("checkbox", { name: "Choose ordinary" }).check();
        await page.getByRole("button", { name: "Apply to the chosen" }).click();
        await expect(page.getByText("Applied to 1 table, not to 1")).toBeVisible({ timeout: 60_000 });
        await expect(page.locator(".notice.warn", { hasText: "Applied to 1 table" })).toContainText(
          `${TABLE}: not applied: somebody else changed this policy since the preview (Chunk interval: 1 day became 4 hours)`,
        );
        expect(interval("ordinary")).toBe("06:00:00");
        expect(interval(TABLE)).toBe("04:00:00");
      });

      test("what is declared is applied to all that differ", async ({ page }) => {
        psql(`select set_chunk_time_interval('${TABLE}', interval '1 day')`);
        psql(`select set_chunk_time_interval('ordinary', interval '1 day')`);
        await signIn(page, declaring);
        const button = page.getByRole("button", { name: /Apply to all 2 tables that differ/ });
        await until(async () => {
          await page.goto(`${declaring.url}/db/${name}/policies`);
          return (await button.count()) > 0 && (await page.getByText(/1 day → 6 hours/).count()) > 0;
        }, "the reading shows both differences");
        await button.click();
        await expect(page.getByText("Applied to 2 tables.")).toBeVisible({ timeout: 60_000 });
        expect(interval("ordinary")).toBe("06:00:00");
        expect(interval(TABLE)).toBe("12:00:00");
        await expect(page.locator(".notice.good")).toBeVisible();
      });

      for (const [table, path] of [
        [" a ? name.", "hypertables/public/%20a%20%3F%20name./policies/change?drop_after=5+days&preview=1"],
        ["..", "policies/change?table=public.%22..%22&drop_after=5+days&preview=1"],
      ]) {
        test(`a table named "${table}" is changed like any other`, async ({ page }) => {
          await signIn(page, declaring);
          await page.goto(`${declaring.url}/db/${name}/policies`);
          await page.getByRole("link", { name: new RegExp(`Change.*${table.trim().replace(/[.?]/g, "\\$&")}$`) }).click();
          await expect(page.getByRole("heading", { name: "Change the policy" })).toBeVisible();
          await page.goto(`${declaring.url}/db/${name}/${path}`);
          await expect(page.getByRole("heading", { name: "What would change" })).toBeVisible();
          await page.getByLabel(/Type .* to allow it/).fill("something else");
          await page.getByRole("button", { name: /^Apply/ }).click();
          await expect(page.getByText(/type the table's name/)).toBeVisible();
          // Typed as it is read: nobody sees the blanks around it.
          await page.getByLabel(/Type .* to allow it/).fill(table.trim());
          await page.getByRole("button", { name: /^Apply/ }).click();
          await expect(page.getByText("Applied", { exact: true })).toBeVisible({ timeout: 30_000 });
          if (!isCommunity) {
            await page.goto(`${declaring.url}/db/${name}/policies`);
            const kept = page.getByRole("region", { name: "What the console itself drops" });
            await kept.getByRole("link", { name: table.trim(), exact: true }).click();
            await expect(page.getByRole("heading", { name: /Retention of/ }).first()).toBeVisible();
            await page.getByRole("link", { name: "Dry run" }).click();
            await expect(page.getByRole("heading", { name: "What a run would do now" })).toBeVisible();
          }
        });
      }
    });
  });
}
