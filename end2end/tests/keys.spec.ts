// The list of keys.

import { expect, test } from "@playwright/test";
import { Console } from "../harness/console";
import { complaints, expectNothingSerious, hydrated, signIn } from "../harness/pages";
import { DEMO, databaseUrl } from "../harness/setup";

let demo: Console;
test.beforeAll(async () => {
  demo = await Console.start(databaseUrl(DEMO));
});
test.afterAll(async () => {
  await demo.stop();
});

test("the key ? lists the keys, Escape closes the list, and a field takes it as a character", async ({ page }) => {
  const found = complaints(page);
  await signIn(page, demo);
  await page.goto(`${demo.url}/db/${DEMO}/hypertables`);
  await hydrated(page);
  const keys = page.getByRole("dialog", { name: "Keyboard" });
  await expect(keys).toBeHidden();
  await page.keyboard.press("?");
  await expect(keys).toBeVisible();
  await expect(keys).toContainText("Search everything");
  await expectNothingSerious(page);
  await page.keyboard.press("Escape");
  await expect(keys).toBeHidden();
  await page.keyboard.press("/");
  await page.keyboard.press("?");
  await expect(keys).toBeHidden();
  await expect(page.locator("#filter")).toHaveValue("?");
  expect(found).toEqual([]);
});

test("the account menu leads to the list of keys", async ({ page }) => {
  await signIn(page, demo);
  await hydrated(page);
  await page.getByLabel("Account of admin").click();
  await page.getByRole("button", { name: "Keyboard" }).click();
  const keys = page.getByRole("dialog", { name: "Keyboard" });
  await expect(keys).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(keys).toBeHidden();
});
