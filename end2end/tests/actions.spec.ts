// What is done to chunks and jobs by hand, and what the console itself drops; as somebody does it, with and without JavaScript.
import { expect, test } from "@playwright/test";
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
        await page.locator("#chosen-chunks").getByRole("button", { name: "Preview" }).click();
        await expect(page.getByRole("heading", { name: "Drop 2 chunks" })).toBeVisible();
        await expect(page.getByText(/lost for good/).first()).toBeVisible();
        expect(chunks(), "a preview drops nothing").toBe(before);
        const typed = page.getByLabel(/Type .* to allow it/);
        await typed.fill("something else");
        await page.getByRole("button", { name: "Drop", exact: true }).click();
        await expect(page.getByText(/the name has to be typed/)).toBeVisible();
        const asked = await page.locator("label", { hasText: "Type" }).locator("code").innerText();
        await page.getByLabel(/Type .* to allow it/).fill(asked);
        await page.getByRole("button", { name: "Drop", exact: true }).click();
        await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 30_000 });
        expect(chunks()).toBe(before - 2);
        await page.goto(`${base}/actions`);
        await expect(page.getByRole("row", { name: /Dropping 2 chunks/ }).first()).toContainText("succeeded");
        expect(found.filter((line) => !line.includes("422"))).toEqual([]);
        await page.context().close();
      });
    }

    test(isCommunity ? "chunks of a table are compressed and shown as done" : "what the edition has not is said", async ({ page }) => {
      await signIn(page, console_);
      await page.goto(`${base}/hypertables/public/${TABLE}/chunks`);
      await hydrated(page);
      if (!isCommunity) {
        await expect(page.getByText("The Apache edition has no compression, and freezes no chunks.")).toBeVisible();
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

    if (isCommunity) {
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
      });
    }
  });
}
