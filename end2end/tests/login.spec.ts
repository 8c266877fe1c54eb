import { expect, test } from "@playwright/test";
import { Console, password } from "../harness/console";
import { complaints, expectNothingSerious, hydrated, signIn } from "../harness/pages";
import { DEMO, databaseUrl } from "../harness/setup";

let console_: Console;
test.beforeAll(async () => {
  console_ = await Console.start(databaseUrl(DEMO));
});
test.afterAll(async () => console_.stop());

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a page asked for while logged out comes back after signing in", async ({ page }) => {
      await page.goto(`${console_.url}/db/${DEMO}/hypertables?sort=rows`);
      await expect(page).toHaveURL(/\/login\?next=/);
      await page.getByLabel("Name").fill("admin");
      await page.getByLabel("Password").fill(password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page).toHaveURL(`${console_.url}/db/${DEMO}/hypertables?sort=rows`);
      await expect(page.getByRole("rowheader", { name: /metric_hist/ })).toBeVisible();
    });

    test("a wrong password and an unknown name are refused in the same words", async ({ page }) => {
      for (const name of ["admin", "nobody"]) {
        await page.goto(`${console_.url}/login`);
        await page.getByLabel("Name").fill(name);
        await page.getByLabel("Password").fill("wrong horse battery");
        await page.getByRole("button", { name: "Sign in" }).click();
        await expect(page.getByRole("alert")).toHaveText("Name or password is wrong.");
        await expect(page).toHaveURL(/\/login/);
      }
    });

    test("signing out ends the session", async ({ page, context }) => {
      await signIn(page, console_);
      const cookies = await context.cookies();
      await page.getByLabel("Account of admin").click();
      await page.getByRole("button", { name: "Sign out" }).click();
      await expect(page).toHaveURL(/\/login/);
      // The cookie of before is worth nothing any more.
      await context.addCookies(cookies);
      await page.goto(`${console_.url}/db/${DEMO}`);
      await expect(page).toHaveURL(/\/login/);
    });

    test("the setup link creates the first administrator once", async ({ page }) => {
      const fresh = await Console.start(databaseUrl(DEMO), {}, false);
      try {
        const link = await fresh.setupLink();
        await page.goto(link);
        await page.getByLabel("Name").fill("Anna");
        await page.getByLabel("New password").fill(password);
        await page.getByLabel("The same again").fill("something else entirely");
        await page.getByRole("button", { name: "Create and sign in" }).click();
        await expect(page.getByRole("alert")).toHaveText(/differ/);
        await page.getByLabel("Name").fill("Anna");
        await page.getByLabel("New password").fill(password);
        await page.getByLabel("The same again").fill(password);
        await page.getByRole("button", { name: "Create and sign in" }).click();
        await expect(page).toHaveURL(/\/db\/e2e_demo$/);
        await expect(page.getByLabel("Account of anna")).toBeVisible();
        await page.goto(link);
        await expect(page.getByText("This link is not valid any more")).toBeVisible();
      } finally {
        await fresh.stop();
      }
    });

    test("a viewer sees status, no names, and is refused the list of tables", async ({ page }) => {
      await signIn(page, console_, "viewer");
      await expect(page.getByText("Healthy")).toBeVisible();
      await expect(page.getByText("TimescaleDB", { exact: true })).toBeVisible();
      expect(await page.content()).not.toContain("metric_hist");
      await expect(page.getByRole("link", { name: "Hypertables" })).toHaveCount(0);
      await expect(page.getByRole("button", { name: "Refresh now" })).toHaveCount(0);
      const response = await page.goto(`${console_.url}/db/${DEMO}/hypertables`);
      expect(response?.status()).toBe(403);
      await expect(page.getByRole("heading", { name: "Not for your role" })).toBeVisible();
      expect(await page.content()).not.toContain("metric_hist");
    });
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious on the login page, ${colorScheme}`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    const found = complaints(page);
    await page.goto(`${console_.url}/login`);
    await hydrated(page);
    await expectNothingSerious(page);
    expect(found).toEqual([]);
    await context.close();
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious on the setup page, ${colorScheme}`, async ({ browser }) => {
    const fresh = await Console.start(databaseUrl(DEMO), {}, false);
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    const found = complaints(page);
    try {
      for (const address of [await fresh.setupLink(), `${fresh.url}/setup?token=made-up`]) {
        await page.goto(address);
        await hydrated(page);
        await expectNothingSerious(page);
      }
      expect(found).toEqual([]);
    } finally {
      await context.close();
      await fresh.stop();
    }
  });
}

test("the login page says that a session has ended", async ({ page }) => {
  await page.goto(`${console_.url}/login?ended=1`);
  await hydrated(page);
  await expect(page.getByText("Your session has ended. Sign in to go on.")).toBeVisible();
  await expectNothingSerious(page);
  await page.goto(`${console_.url}/login`);
  await expect(page.getByText("Your session has ended.")).toHaveCount(0);
});

test("the session cookie is bound to this host and closed to scripts", async ({ page, context }) => {
  await signIn(page, console_);
  const cookie = (await context.cookies()).find(({ name }) => name === "__Host-tidemark");
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: "Lax", path: "/" });
});

test("signing in by keyboard alone", async ({ page }) => {
  await page.goto(`${console_.url}/login`);
  await expect(page.getByLabel("Name")).toBeFocused();
  await page.keyboard.type("admin");
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/db\/e2e_demo$/);
});
