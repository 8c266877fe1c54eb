// What somebody does before the app has taken a page over: the page is there long before on a slow line.
import { type Page, expect, test } from "@playwright/test";
import { Console } from "../harness/console";
import { hydrated, signIn } from "../harness/pages";
import { MANY, databaseUrl } from "../harness/setup";

let console_: Console;
test.beforeAll(async () => {
  console_ = await Console.start(databaseUrl(MANY));
});
test.afterAll(async () => console_.stop());

/** Opens a page whose app does not come before it is let go. */
async function openSlowly(page: Page, path: string): Promise<() => void> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route(/\.wasm$/, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${console_.url}${path}`, { waitUntil: "commit" });
  return letGo;
}

test("a filter that was typed early is applied; a menu that was opened and a search that was begun early stay", async ({ page }) => {
  await signIn(page, console_);
  const letGo = await openSlowly(page, `/db/${MANY}/hypertables`);
  const search = page.getByRole("combobox", { name: "Search everything" });
  await search.fill("metric");
  await page.getByRole("searchbox", { name: "Filter by schema, name or owner" }).fill("sensor_3");
  await page.locator("summary.avatar").click();
  await expect(page.locator("html[data-hydrated]")).toHaveCount(0);
  await expect(page).toHaveURL(/\/hypertables$/);
  letGo();
  await hydrated(page);
  await expect(page).toHaveURL(/\?q=sensor_3$/);
  await expect(page.getByText("8 of 37 tables")).toBeVisible();
  await expect(search).toHaveValue("metric");
  await expect(page.getByRole("link", { name: "Account and sessions" })).toBeVisible();
});

test("navigation that was opened early on a narrow screen stays open", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  await signIn(page, console_);
  const letGo = await openSlowly(page, `/db/${MANY}`);
  await page.locator(".drawer-button").click();
  const link = page.getByRole("link", { name: "Hypertables", exact: true });
  await expect(link).toBeVisible();
  await expect(page.locator("html[data-hydrated]")).toHaveCount(0);
  letGo();
  await hydrated(page);
  await expect(link).toBeVisible();
  await link.click();
  await expect(page).toHaveURL(/\/hypertables$/);
  await expect(page.locator("#drawer")).not.toBeChecked();
});
