// One hypertable and its chunks, as somebody uses them: tabs, the chunk map, a long list.
import { type Page, expect, test } from "@playwright/test";
import { Console } from "../harness/console";
import { complaints, hydrated, signIn } from "../harness/pages";
import { DEMO, databaseUrl, psql } from "../harness/setup";

const TABLE = "metric_hist";

let console_: Console;
let base: string;
test.beforeAll(async () => {
  console_ = await Console.start(databaseUrl(DEMO));
  base = `${console_.url}/db/${DEMO}`;
});
test.afterAll(async () => {
  await console_.stop();
});

const chunks = () => Number(psql(DEMO, `select count(*) from show_chunks('${TABLE}')`));

test("the list of hypertables leads to a table, and its tabs are reached by keyboard", async ({ page }) => {
  await signIn(page, console_);
  await page.goto(`${base}/hypertables`);
  await hydrated(page);
  await page.getByRole("link", { name: TABLE }).click();
  await expect(page.getByRole("heading", { level: 1, name: TABLE })).toBeVisible();
  const tabs = page.getByRole("navigation", { name: "Pages about this table" });
  for (const [tab, address] of [
    ["Chunks", "/chunks"],
    ["Compression", "/compression"],
    ["Policies", "/policies"],
    ["Jobs", "/jobs"],
  ]) {
    await tabs.getByRole("link", { name: tab }).focus();
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(`${base}/hypertables/public/${TABLE}${address}`);
    await expect(tabs.getByRole("link", { name: tab })).toHaveAttribute("aria-current", "page");
  }
  const crumbs = page.getByRole("navigation", { name: "Breadcrumbs" });
  await expect(crumbs.getByRole("listitem")).toHaveText(["Overview", "Hypertables", TABLE, "Jobs"]);
});

test("figures of a table equal the official functions to the byte, on hover", async ({ page }) => {
  psql(DEMO, "vacuum (analyze)");
  await signIn(page, console_);
  const [bytes, rows] = psql(
    DEMO,
    `select sum(total_bytes), (select approximate_row_count('${TABLE}')) from hypertable_detailed_size('${TABLE}')`,
  ).split("|");
  const exactly = (figure: string) => Number(figure).toLocaleString("en-US");
  await page.goto(`${base}/hypertables/public/${TABLE}`);
  const tiles = page.locator(".tiles");
  await expect(tiles.locator(`data[title="${exactly(bytes)} bytes"]`)).toBeVisible({ timeout: 60_000 });
  await expect(tiles.locator(`data[title="${exactly(rows)}"]`)).toBeVisible();
  await expect(tiles.locator(`data[title="${exactly(String(chunks()))}"]`)).toBeVisible();
});

/** The map's plot that is shown. */
const plot = (page: Page) => page.locator("figure", { hasText: "Chunks" }).first().locator(".chart-plot");

test("dragging over the chunk map shows that part of the axis, and a double click everything", async ({ page }) => {
  const found = complaints(page);
  await signIn(page, console_);
  await page.goto(`${base}/hypertables/public/${TABLE}`);
  await hydrated(page);
  await page.evaluate(() => document.fonts.ready);
  // Waits until the plot moves no more; where it is then is asked for with the pointer already on it.
  await plot(page).hover();
  const box = await plot(page).boundingBox();
  if (!box) throw new Error("no plot");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.6, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.65, y, { steps: 3 });
  await page.mouse.up();
  await expect(page).toHaveURL(/[?&]from=.*&to=/);
  await expect(page.getByRole("link", { name: "Show all" })).toBeVisible();
  await plot(page).dblclick({ position: { x: box.width / 2, y: box.height / 2 } });
  await expect(page).not.toHaveURL(/from=/);
  expect(found).toEqual([]);
});

test("arrow keys read the chunk map out", async ({ page }) => {
  await signIn(page, console_);
  await page.goto(`${base}/hypertables/public/${TABLE}`);
  await hydrated(page);
  await plot(page).focus();
  const readout = page.locator("figure", { hasText: "Chunks" }).first().locator(".readout");
  // Of the last place, while none is chosen.
  const last = await readout.textContent();
  await page.keyboard.press("Home");
  await expect(readout).not.toHaveText(last ?? "");
  const first = await readout.textContent();
  await page.keyboard.press("ArrowRight");
  await expect(readout).not.toHaveText(first ?? "");
  await page.keyboard.press("Home");
  await expect(readout).toHaveText(first ?? "");
});

test("the list of chunks holds a window of its rows, wherever it is scrolled to", async ({ page }) => {
  await signIn(page, console_);
  await page.goto(`${base}/hypertables/public/${TABLE}/chunks?sort=from&dir=asc`);
  await hydrated(page);
  const total = chunks();
  const list = page.getByRole("region", { name: "Chunks", exact: true });
  await expect(list.getByRole("table")).toHaveAttribute("aria-rowcount", String(total + 1));
  const rows = list.locator("tbody tr[aria-rowindex]");
  await expect(rows.first()).toHaveAttribute("aria-rowindex", "2");
  const newest = psql(
    DEMO,
    `select chunk_name from timescaledb_information.chunks where hypertable_name = '${TABLE}' order by range_start desc limit 1`,
  );
  await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await expect(rows.last()).toContainText(newest);
  await expect(rows.last()).toHaveAttribute("aria-rowindex", String(total + 1));
  expect(await rows.count()).toBeLessThanOrEqual(200);
  // The middle, past windows that were never loaded.
  await list.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
  await expect(list.locator(`tr[aria-rowindex="${Math.round(total / 2)}"]`)).toBeVisible();
  // The rows are where the scroll bar says.
  const isThere = (middle: number) =>
    list.evaluate((element, index) => {
      const row = element.querySelector(`tr[aria-rowindex="${index}"]`);
      const offset = row ? row.getBoundingClientRect().top - element.getBoundingClientRect().top : Infinity;
      return offset > -100 && offset < 900;
    }, middle);
  await expect.poll(() => isThere(Math.round(total / 2))).toBe(true);
});

test("a refresh brings new figures and leaves the list where it was scrolled to", async ({ page }) => {
  await signIn(page, console_);
  await page.goto(`${base}/hypertables/public/${TABLE}/chunks?sort=from&dir=asc`);
  await hydrated(page);
  const list = page.getByRole("region", { name: "Chunks", exact: true });
  await list.evaluate((element) => element.scrollTo(0, 9_000));
  const row = list.locator('tr[aria-rowindex="245"]');
  await expect(row).toBeVisible();
  await expect(list.locator(".row-loading")).toHaveCount(0);
  const size = row.locator("td.num data").first();
  const before = await size.getAttribute("value");
  const top = await list.evaluate((element) => element.scrollTop);
  const chunk = await row.locator("code").textContent();
  psql(
    DEMO,
    `insert into ${TABLE} select range_start + interval '1 second', 1, 0
       from timescaledb_information.chunks, generate_series(1, 20000) where chunk_name = '${chunk}'`,
  );
  await expect(size).not.toHaveAttribute("value", before ?? "", { timeout: 60_000 });
  expect(await list.evaluate((element) => element.scrollTop)).toBe(top);
  await expect(row).toBeVisible();
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("chunks are sorted and filtered by the address", async ({ page }) => {
      await signIn(page, console_);
      await page.goto(`${base}/chunks?q=energy&sort=size`);
      const list = page.getByRole("region", { name: "Chunks", exact: true });
      await expect(page.getByRole("columnheader", { name: "Size" })).toHaveAttribute("aria-sort", "descending");
      const sizes = psql(
        DEMO,
        "select total_bytes from chunks_detailed_size('energy_consumption') order by total_bytes desc limit 3",
      ).split("\n");
      const shown = list.locator("tbody tr[aria-rowindex] td.num:not(.wide-only) data");
      for (const [index, bytes] of sizes.entries()) {
        await expect(shown.nth(index)).toHaveAttribute("value", bytes);
      }
      const count = Number(psql(DEMO, "select count(*) from show_chunks('energy_consumption')"));
      await expect(list.getByRole("table")).toHaveAttribute("aria-rowcount", String(count + 1));
    });

    test("when a size is reached is asked for in a form", async ({ page }) => {
      await signIn(page, console_);
      await page.goto(`${base}/hypertables/public/${TABLE}`);
      await page.getByLabel("When does it reach").fill("900 PB");
      await page.getByRole("button", { name: "Show when" }).click();
      await expect(page).toHaveURL(/limit=900/);
      await expect(page.getByText("900 PB are not reached within five years.")).toBeVisible();
    });
  });
}

test("without JavaScript the list of chunks has pages", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, console_);
  await page.goto(`${base}/hypertables/public/${TABLE}/chunks`);
  await page.getByRole("link", { name: "Next" }).click();
  await expect(page).toHaveURL(/page=2/);
  const list = page.getByRole("region", { name: "Chunks", exact: true });
  await expect(list.locator("tbody tr[aria-rowindex]").first()).toHaveAttribute("aria-rowindex", "102");
  await context.close();
});
