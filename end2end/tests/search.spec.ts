import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { Console } from "../harness/console";
import { complaints, expectNoOverflow, expectNothingSerious, fresh, hydrated, signIn } from "../harness/pages";
import { DEMO, MANY, databaseUrl } from "../harness/setup";

let demo: Console;
let many: Console;
test.beforeAll(async () => {
  demo = await Console.start(databaseUrl(DEMO));
  many = await Console.start(databaseUrl(MANY));
});
test.afterAll(async () => {
  await demo.stop();
  await many.stop();
});

const wide = { width: 1440, height: 900 };

test("the key / goes to the search where there is no filter; arrow keys choose and Enter goes there", async ({ page }) => {
  const found = complaints(page);
  await page.setViewportSize(wide);
  await signIn(page, demo);
  await hydrated(page);
  await page.keyboard.press("/");
  const field = page.getByRole("combobox", { name: "Search everything" });
  await expect(field).toBeFocused();
  await page.keyboard.type("metric");
  const offered = page.getByRole("listbox", { name: "Found" });
  await expect(offered.getByRole("option").first()).toContainText("metric_hist");
  await expect(field).toHaveAttribute("aria-expanded", "true");
  await page.keyboard.press("ArrowDown");
  const chosen = offered.getByRole("option", { selected: true });
  await expect(chosen).toHaveCount(1);
  await expect(field).toHaveAttribute("aria-activedescendant", (await chosen.getAttribute("id")) ?? "");
  await expectNothingSerious(page);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/db/${DEMO}/hypertables/public/metric_hist$`));
  await expect(offered).toBeHidden();
  expect(found.filter((text) => !text.includes("404"))).toEqual([]);
});

test("Escape closes what is offered, and Enter without a choice shows everything that was found", async ({ page }) => {
  await page.setViewportSize(wide);
  await signIn(page, many);
  await hydrated(page);
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Search everything" });
  await expect(field).toBeFocused();
  await page.keyboard.type("sensor_3");
  const offered = page.getByRole("listbox", { name: "Found" });
  await expect(offered.getByRole("option")).toHaveCount(8);
  await page.keyboard.press("ArrowUp");
  await expect(offered.getByRole("option").last()).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Escape");
  await expect(offered).toBeHidden();
  await expect(field).toHaveValue("sensor_3");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/db/${MANY}/search\\?q=sensor_3$`));
  await expect(page.getByText("8 found")).toBeVisible();
  await expect(page.getByRole("list", { name: "Found" }).getByRole("link")).toHaveCount(8);
});

test("the key / goes to the page's own filter first, and from there while it is empty to the search", async ({ page }) => {
  await page.setViewportSize(wide);
  await signIn(page, many);
  await page.goto(`${many.url}/db/${MANY}/hypertables`);
  await hydrated(page);
  const filter = page.getByRole("searchbox", { name: "Filter by schema, name or owner" });
  await page.keyboard.press("/");
  await expect(filter).toBeFocused();
  await page.keyboard.press("/");
  await expect(page.getByRole("combobox", { name: "Search everything" })).toBeFocused();
  await expect(filter).toHaveValue("");
  await filter.fill("sensor");
  await page.keyboard.press("/");
  await expect(filter).toHaveValue("sensor/");
});

test("on a narrow screen a link leads to the search", async ({ browser }) => {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  await signIn(page, demo);
  await hydrated(page);
  await expect(page.getByRole("combobox", { name: "Search everything" })).toBeHidden();
  await page.getByRole("link", { name: "Search", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Search" })).toBeVisible();
  await page.getByRole("searchbox").fill("oee");
  await expect(page.getByRole("link", { name: "oee_calculations" })).toBeVisible();
  await page.close();
});

test("without JavaScript the field leads to the page that shows what was found", async ({ browser }) => {
  const page = await fresh(browser, false);
  await signIn(page, demo);
  await page.getByRole("combobox", { name: "Search everything" }).fill("oee");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/db/${DEMO}/search\\?q=oee$`));
  await expect(page.getByRole("link", { name: "oee_calculations" })).toHaveAttribute(
    "href",
    `/db/${DEMO}/hypertables/public/oee_calculations`,
  );
  await page.goto(`${demo.url}/db/${DEMO}/search?q=${encodeURIComponent("<b>no such")}`);
  await expect(page.getByText("Nothing is called “<b>no such”.")).toBeVisible();
  await page.context().close();
});

test("a viewer is offered no search and gets none", async ({ page }) => {
  await page.setViewportSize(wide);
  await signIn(page, demo, "viewer");
  await hydrated(page);
  await expect(page.getByRole("combobox", { name: "Search everything" })).toHaveCount(0);
  const response = await page.goto(`${demo.url}/db/${DEMO}/search?q=oee`);
  expect(response?.status()).toBe(403);
});

test("an export downloads the rows that the filter admits, all pages of them", async ({ page }) => {
  await page.setViewportSize(wide);
  await signIn(page, many);
  await page.goto(`${many.url}/db/${MANY}/hypertables?q=sensor&sort=name&size=10`);
  await hydrated(page);
  for (const [name, ending] of [
    ["Export CSV", "csv"],
    ["Export JSON", "json"],
  ]) {
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(
      new RegExp(`^tidemark-${MANY}-hypertables-\\d{8}T\\d{6}Z\\.${ending}$`),
    );
    const text = readFileSync(await download.path(), "utf8");
    const names =
      ending === "json"
        ? (JSON.parse(text) as { name: string }[]).map((row) => row.name)
        : text.trim().split("\r\n").slice(1).map((line) => line.split(",")[1].replaceAll('"', ""));
    expect(names).toEqual(Array.from({ length: 37 }, (_, index) => `sensor_${String(index + 1).padStart(2, "0")}`));
  }
});

test("the SQL is copied as it stands", async ({ browser }) => {
  const context = await browser.newContext({ viewport: wide, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  await signIn(page, demo);
  await page.goto(`${demo.url}/db/${DEMO}/hypertables`);
  await hydrated(page);
  await page.getByText("SQL for Hypertables").click();
  await page.getByRole("button", { name: "Copy the SQL for Hypertables" }).click();
  await expect(page.getByText("Copied.")).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain("hypertable_detailed_size");
  expect(copied).toBe(await page.getByRole("region", { name: "SQL for Hypertables" }).textContent());
  await expectNothingSerious(page);
  await context.close();
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing serious and nothing overflows on the search, ${colorScheme}, ${width} px`, async ({ browser }) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      await signIn(page, demo);
      for (const query of ["", "?q=e", "?q=nothing-like-it"]) {
        await page.goto(`${demo.url}/db/${DEMO}/search${query}`);
        await hydrated(page);
        await expectNothingSerious(page);
        await expectNoOverflow(page, `search${query}`);
      }
      await context.close();
    });
  }
}
