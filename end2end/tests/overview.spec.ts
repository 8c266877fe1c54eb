import { expect, test } from "@playwright/test";
import { Console } from "../harness/console";
import { complaints, expectNoOverflow, expectNothingSerious, hydrated, signIn } from "../harness/pages";
import { DEMO, MANY, databaseUrl, psql } from "../harness/setup";

let console_: Console;
test.beforeAll(async () => {
  console_ = await Console.start(databaseUrl(DEMO), { TIDEMARK_ENVIRONMENT: "staging" });
});
test.afterAll(async () => console_.stop());

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("the overview shows health, versions, size, connections and the largest tables", async ({ page }) => {
      await signIn(page, console_);
      await expect(page.getByRole("heading", { level: 1, name: DEMO })).toBeVisible();
      await expect(page.getByText("Healthy")).toBeVisible();
      await expect(page.getByText("staging")).toBeVisible();
      const version = psql(DEMO, "select extversion from pg_extension where extname = 'timescaledb'");
      const server = page.locator(".card", { has: page.getByRole("heading", { name: "Server" }) });
      await expect(server).toContainText(version);
      await expect(server).toContainText(psql(DEMO, "select split_part(current_setting('server_version'), ' ', 1)"));
      const tile = (name: string) => page.locator(".tile", { hasText: name });
      const chunks = psql(DEMO, "select count(*) from timescaledb_information.chunks");
      await expect(tile("Chunks").locator("data").first()).toHaveAttribute("value", chunks);
      await expect(tile("Connections")).toContainText(`of ${psql(DEMO, "show max_connections")}`);
      const largest = page.locator(".card", { has: page.getByRole("heading", { name: "Largest hypertables" }) });
      const names = async () =>
        (await largest.locator("tbody th").allTextContents()).map((name) => name.trim().split(/\s/)[0]);
      await expect.poll(names).toEqual([
        expect.stringContaining("metric_hist"),
        expect.stringContaining("production_kpis"),
        expect.stringContaining("energy_consumption"),
        expect.stringContaining("oee_calculations"),
      ]);
    });

    test("the theme is chosen, applied and remembered", async ({ page }) => {
      await signIn(page, console_);
      await page.getByLabel("Account of admin").click();
      await page.getByRole("button", { name: "Dark" }).click();
      await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
      await expect(page.locator("body")).toHaveCSS("background-color", "rgb(14, 18, 20)");
      await expect
        .poll(async () => (await page.context().cookies()).some((c) => c.name === "tidemark-theme" && c.value === "dark"))
        .toBe(true);
      await page.goto(`${console_.url}/db/${DEMO}/hypertables`);
      await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
    });
  });
}

test("the age of the data ticks and new figures arrive without a reload", async ({ page }) => {
  // Not the demo's database: another spec compares that one to the byte.
  const written = await Console.start(databaseUrl(MANY));
  const found = complaints(page);
  try {
    await signIn(page, written);
    await hydrated(page);
    const rows = page.locator(".tile", { hasText: "Rows" }).locator("data").first();
    const before = Number(await rows.getAttribute("value"));
    psql(MANY, "insert into sensor_02 select now(), 1 from generate_series(1, 50)");
    await expect.poll(async () => Number(await rows.getAttribute("value")), { timeout: 60_000 }).toBeGreaterThan(before);
    await expect(page.locator(".live time")).toHaveText(/\d+ s ago/);
    expect(found).toEqual([]);
  } finally {
    await written.stop();
  }
});

test("refresh now reads at once", async ({ page }) => {
  await signIn(page, console_);
  await hydrated(page);
  const answered = page.waitForResponse((response) => response.url().endsWith("/fn/refresh_database"));
  await page.getByRole("button", { name: "Refresh now" }).click();
  expect((await answered).status()).toBe(200);
});

test("pages hydrate without a complaint and are gone between without loading anew", async ({ page }) => {
  const found = complaints(page);
  await signIn(page, console_);
  await page.reload();
  await hydrated(page);
  await page.evaluate(() => Object.assign(window, { marked: true }));
  await page.getByRole("link", { name: "Hypertables", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Hypertables" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: DEMO })).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as { marked?: boolean }).marked)).toBe(true);
  expect(found).toEqual([]);
});

test("an address where nothing is answers 404 with a page that says so", async ({ page }) => {
  await signIn(page, console_);
  for (const path of [`/db/${DEMO}/nothing`, "/db/nowhere", "/nothing"]) {
    const response = await page.goto(`${console_.url}${path}`);
    expect(response?.status(), path).toBe(404);
    await expect(page.getByRole("heading", { name: "Nothing at this address" })).toBeVisible();
  }
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing serious and nothing overflows, ${colorScheme}, ${width} px`, async ({ browser }) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      await signIn(page, console_);
      for (const path of ["", "/hypertables"]) {
        await page.goto(`${console_.url}/db/${DEMO}${path}`);
        await hydrated(page);
        await expectNothingSerious(page);
        await expectNoOverflow(page, `overview${path}`);
      }
      await context.close();
    });
  }
}

test("on a narrow screen the navigation is a drawer that keyboard and pointer open", async ({ browser }) => {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  await signIn(page, console_);
  await hydrated(page);
  const link = page.getByRole("link", { name: "Hypertables", exact: true });
  await expect(link).toBeHidden();
  await page.getByRole("checkbox", { name: "Navigation" }).focus();
  await page.keyboard.press("Space");
  await expect(link).toBeVisible();
  await link.click();
  await expect(page.getByRole("heading", { level: 1, name: "Hypertables" })).toBeVisible();
  await expect(link).toBeHidden();
  await page.close();
});
