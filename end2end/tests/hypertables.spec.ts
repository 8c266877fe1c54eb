import { expect, test } from "@playwright/test";
import { Console } from "../harness/console";
import { hydrated, signIn } from "../harness/pages";
import { DEMO, MANY, databaseUrl, psql } from "../harness/setup";

const TABLES = ["metric_hist", "oee_calculations", "energy_consumption", "production_kpis"];

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

test("sizes and rows equal the official functions to the byte, on hover", async ({ page }) => {
  psql(DEMO, "vacuum (analyze)");
  await signIn(page, demo);
  await page.goto(`${demo.url}/db/${DEMO}/hypertables`);
  for (const table of TABLES) {
    const [bytes, rows] = psql(
      DEMO,
      `select sum(total_bytes), (select approximate_row_count('${table}')) from hypertable_detailed_size('${table}')`,
    ).split("|");
    const row = page.getByRole("region", { name: "Hypertables" }).locator("tbody tr", { hasText: table });
    const exactly = (figure: string) => Number(figure).toLocaleString("en-US");
    await expect(row.locator("td.size data")).toHaveAttribute("title", `${exactly(bytes)} bytes`, { timeout: 60_000 });
    await expect(row.locator(`data[value="${rows}"]`)).toHaveAttribute("title", exactly(rows));
    await expect(row).not.toContainText("≈");
  }
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("sorting, filter and page stand in the address", async ({ page }) => {
      await signIn(page, many);
      await page.goto(`${many.url}/db/${MANY}/hypertables`);
      const names = async () =>
        (await page.locator("table.hypertables tbody th").allTextContents()).map((text) => text.match(/sensor_\d+/)?.[0]);

      await page.getByRole("columnheader", { name: "Rows" }).getByRole("link").click();
      await expect(page).toHaveURL(/\?sort=rows$/);
      await expect(page.getByRole("columnheader", { name: "Rows" })).toHaveAttribute("aria-sort", "descending");
      await expect.poll(async () => (await names()).slice(0, 2)).toEqual(["sensor_37", "sensor_36"]);
      await page.getByRole("columnheader", { name: "Rows" }).getByRole("link").click();
      await expect(page).toHaveURL(/\?sort=rows&dir=asc$/);
      await expect(page.getByRole("columnheader", { name: "Rows" })).toHaveAttribute("aria-sort", "ascending");
      await expect.poll(async () => (await names())[0]).toBe("sensor_01");

      await page.getByRole("link", { name: "10", exact: true }).click();
      await expect(page.getByText("1 to 10 of 37")).toBeVisible();
      await page.getByRole("link", { name: "Next" }).click();
      await expect(page).toHaveURL(/page=2/);
      await expect(page.getByText("11 to 20 of 37")).toBeVisible();
      await expect.poll(async () => (await names())[0]).toBe("sensor_11");

      await page.goto(`${many.url}/db/${MANY}/hypertables?sort=name`);
      const filter = page.getByRole("searchbox", { name: "Filter by schema, name or owner" });
      await filter.fill("sensor_3");
      if (!javaScriptEnabled) await page.getByRole("button", { name: "Filter" }).click();
      await expect(page).toHaveURL(/q=sensor_3/);
      await expect(page.getByText("8 of 37 tables")).toBeVisible();
      await expect.poll(names).toHaveLength(8);
      expect(page.url()).toContain("sort=name");

      await page.goto(`${many.url}/db/${MANY}/hypertables?q=nothing-like-it`);
      await expect(page.getByText("No hypertable matches “nothing-like-it”.")).toBeVisible();
      await page.getByRole("link", { name: "Show all" }).click();
      await expect(page.getByText("37 tables")).toBeVisible();
    });
  });
}

test("the key / moves the focus to the filter, and typing keeps it there", async ({ page }) => {
  await signIn(page, many);
  await page.goto(`${many.url}/db/${MANY}/hypertables`);
  await hydrated(page);
  await page.keyboard.press("/");
  const filter = page.getByRole("searchbox", { name: "Filter by schema, name or owner" });
  await expect(filter).toBeFocused();
  await page.keyboard.type("sensor_12");
  await expect(page.getByText("1 of 37 tables")).toBeVisible();
  await expect(filter).toBeFocused();
  await expect(filter).toHaveValue("sensor_12");
});

test("figures of a database that was written to carry ≈", async ({ page }) => {
  psql(MANY, "insert into sensor_01 select now(), 1 from generate_series(1, 5000)");
  await signIn(page, many);
  await page.goto(`${many.url}/db/${MANY}/hypertables?q=sensor_01`);
  await expect(page.locator("tbody td.size")).toContainText("≈", { timeout: 60_000 });
  await expect(page.locator("tbody td.size data")).toHaveAttribute("title", /≈ [\d,]+ bytes, from statistics that may lag behind/);
});

test("markup in a filter stays text", async ({ page }) => {
  await signIn(page, many);
  await page.goto(`${many.url}/db/${MANY}/hypertables?q=${encodeURIComponent("<img src=x onerror=alert(1)>")}`);
  await expect(page.getByText("No hypertable matches “<img src=x onerror=alert(1)>”.")).toBeVisible();
  await expect(page.locator("main img")).toHaveCount(0);
});
