// A policy on its whole way: edited, previewed, applied, seen, taken back; with and without JavaScript, on both editions.
import { type Page, expect, test } from "@playwright/test";
import { Console, password, tidemark } from "../harness/console";
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
        await page.getByLabel(/Type readings to allow it/).fill("reading");
        await page.getByRole("button", { name: /^Apply/ }).click();
        await expect(page.getByText(/the name has to be typed/)).toBeVisible();
        expect(actual()).toBe(before);
        await expect(page.getByRole("combobox", { name: "Drop after" })).toHaveValue("30 days");

        await page.getByLabel("Why").fill("disk is full");
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
      await expect(page.getByText(/something changed after the preview/)).toBeVisible();
      expect(actual()).toMatch(/^08:00:00/);
      // The preview that is shown now is one of what there is now.
      await expect(page.getByRole("region", { name: "Fields that change" })).toContainText("8 hours");
      psql(`select set_chunk_time_interval('${TABLE}', interval '1 day')`);
    });

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
  });
}
