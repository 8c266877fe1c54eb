// People with accounts: invited, restricted, shut out. Each spec with and without JavaScript.
import { type Page, expect, test } from "@playwright/test";
import { Console, password, tidemark, until } from "../harness/console";
import { complaints, confirm, expectNoOverflow, expectNothingSerious, fresh, hydrated, signIn } from "../harness/pages";
import { DEMO, databaseUrl } from "../harness/setup";

let console_: Console;
test.beforeAll(async () => {
  console_ = await Console.start(databaseUrl(DEMO));
});
test.afterAll(async () => console_.stop());

const ADMIN_PAGES = ["/users", "/users/admin", "/tokens", "/audit", `/db/${DEMO}/hypertables`];
const viewerPassword = "a sentence of vera's own";

/** Invites from the Users page and returns the link it shows. */
async function invite(page: Page, name: string): Promise<string> {
  await page.goto(`${console_.url}/users`);
  await hydrated(page);
  const form = page.locator("form", { hasText: "Make an invitation" });
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Role").selectOption("viewer");
  await form.getByRole("button", { name: "Make an invitation" }).click();
  const link = page.getByRole("textbox", { name: `Link for ${name}` });
  await expect(link).toBeVisible();
  await expect(page.getByText("It is shown only once.")).toBeVisible();
  await expect(page.locator(".notice", { has: link })).toBeFocused();
  return link.inputValue();
}

/** An open page would go to the login by itself once its session has ended, in the midst of what the spec does with it. */
async function leave(page: Page): Promise<void> {
  await page.goto("about:blank");
}

/** Whoever left comes back to a session that has ended. */
async function meetsItsEnd(page: Page): Promise<void> {
  await page.goto(`${console_.url}/account`);
  await expect(page).toHaveURL(/\/login\?.*ended=1/);
}

for (const javaScriptEnabled of [true, false]) {
  const words = javaScriptEnabled ? "with JavaScript" : "without JavaScript";

  test(`an invited viewer chooses a password, sees status only, and is shut out, ${words}`, async ({ browser }) => {
    const name = javaScriptEnabled ? "vera" : "vivian";
    const admin = await fresh(browser, javaScriptEnabled);
    await signIn(admin, console_);
    const link = await invite(admin, name);
    await admin.reload();
    await expect(admin.getByLabel(`Link for ${name}`)).toHaveCount(0);
    await expect(admin.getByRole("row", { name: new RegExp(name) })).toContainText("without password");

    const viewer = await fresh(browser, javaScriptEnabled);
    await viewer.goto(link);
    await expect(viewer.getByRole("heading", { name: `Welcome, ${name}` })).toBeVisible();
    await viewer.getByLabel("New password").fill("1qaz2wsx3edc");
    await viewer.getByLabel("The same again").fill("1qaz2wsx3edc");
    await viewer.getByRole("button", { name: "Set password and sign in" }).click();
    await expect(viewer.getByRole("alert")).toContainText("one of those that are tried first");
    await viewer.getByLabel("New password").fill(viewerPassword);
    await viewer.getByLabel("The same again").fill(viewerPassword);
    await viewer.getByRole("button", { name: "Set password and sign in" }).click();
    await viewer.waitForURL(/\/db\/[^/]+$/);

    // Status, and nothing that leads further.
    await expect(viewer.getByText("Healthy")).toBeVisible();
    for (const label of ["Hypertables", "Users", "Tokens", "Audit log"]) {
      await expect(viewer.getByRole("link", { name: label, exact: true })).toHaveCount(0);
    }
    for (const path of ADMIN_PAGES) {
      const response = await viewer.goto(`${console_.url}${path}`);
      expect(response?.status(), path).toBe(403);
      await expect(viewer.getByRole("heading", { name: "Not for your role" })).toBeVisible();
    }
    // The same by hand: server functions and REST.
    const headers = { origin: console_.url, accept: "application/json" };
    for (const [path, form] of [
      ["/fn/disable_user", { name: "admin" }],
      ["/fn/change_role", { name, role: "admin" }],
      ["/fn/invite_user", { name: "friend", role: "admin" }],
      ["/fn/create_token", { name: "mine", role: "admin", days: "1" }],
    ] as const) {
      const answer = await viewer.request.post(`${console_.url}${path}`, { form, headers });
      expect(answer.status(), path).toBe(403);
    }
    for (const path of ["metrics/hypertables", "metrics/compression", "metrics/chunks", "configuration"]) {
      const answer = await viewer.request.get(`${console_.url}/api/v1/monitoring/${path}`);
      expect(answer.status(), path).toBe(403);
      expect(answer.headers()["content-type"]).toBe("application/problem+json");
    }
    expect((await viewer.request.get(`${console_.url}/api/v1/monitoring/health`)).status()).toBe(200);

    // Shut out: the tab that is open notices by itself, or with the next click.
    await viewer.goto(`${console_.url}/db/${DEMO}`);
    await hydrated(viewer);
    await admin.goto(`${console_.url}/users/${name}`);
    await hydrated(admin);
    await confirm(admin, "Disable");
    await expect(admin.getByText(`${name} is disabled, and signed out everywhere.`)).toBeVisible();
    if (!javaScriptEnabled) await viewer.reload();
    await expect(viewer).toHaveURL(/\/login/, { timeout: 15_000 });
    await viewer.getByLabel("Name").fill(name);
    await viewer.getByLabel("Password").fill(viewerPassword);
    await viewer.getByRole("button", { name: "Sign in" }).click();
    await expect(viewer.getByRole("alert")).toHaveText("Name or password is wrong.");

    // All of it can be read afterwards.
    await admin.goto(`${console_.url}/audit?target=${name}`);
    for (const what of ["invited a user", "disabled a user", "chose a password with a one-time link"]) {
      await expect(admin.getByRole("cell", { name: what }).first()).toBeVisible();
    }
    await admin.goto(`${console_.url}/audit?person=${name}&outcome=refused`);
    await expect(admin.getByRole("cell", { name: "was refused" }).first()).toBeVisible();
    await admin.context().close();
    await viewer.context().close();
  });

  test(`a password is changed with the old one, and other sessions end, ${words}`, async ({ browser }) => {
    const name = javaScriptEnabled ? "paula" : "peter";
    tidemark(["user", "add", name, "--role", "viewer", "--password-stdin"], console_.variables, `${password}\n`);
    const here = await fresh(browser, javaScriptEnabled);
    const there = await fresh(browser, javaScriptEnabled);
    await signIn(here, console_, name);
    await signIn(there, console_, name);
    await leave(there);
    await here.goto(`${console_.url}/account`);
    await hydrated(here);
    await expect(here.getByRole("row", { name: /Chrome on/ })).toHaveCount(2);
    const change = async (old: string, next: string) => {
      await here.getByLabel("Old password").fill(old);
      await here.getByLabel("New password").fill(next);
      await here.getByLabel("The same again").fill(next);
      await here.getByRole("button", { name: "Change password" }).click();
    };
    await change("not the old one", "quite another sentence");
    await expect(here.getByText("The password is wrong.")).toBeVisible();
    await change(password, "quite another sentence");
    await expect(here.getByText("Your password is changed.")).toBeVisible();
    await expect(here.getByRole("row", { name: /Chrome on/ })).toHaveCount(1);
    await meetsItsEnd(there);
    const everywhere = here.locator("details.question", { hasText: "Sign out everywhere" });
    const signOut = async (typed: string) => {
      await hydrated(here);
      await everywhere.locator("summary").click();
      await everywhere.getByLabel("Your password").fill(typed);
      await everywhere.getByRole("button", { name: "End all my sessions" }).click();
    };
    await signOut("not the password");
    await expect(here.getByText("The password is wrong.")).toBeVisible();
    await signOut("quite another sentence");
    await expect(here).toHaveURL(/\/login/);
    await here.context().close();
    await there.context().close();
  });

  test(`one session is ended from another, ${words}`, async ({ browser }) => {
    const name = javaScriptEnabled ? "simone" : "simon";
    tidemark(["user", "add", name, "--role", "viewer", "--password-stdin"], console_.variables, `${password}\n`);
    const here = await fresh(browser, javaScriptEnabled);
    const there = await fresh(browser, javaScriptEnabled);
    await signIn(there, console_, name);
    await leave(there);
    await signIn(here, console_, name);
    await here.goto(`${console_.url}/account`);
    await hydrated(here);
    const other = here.locator("details.question", { hasText: "End this session" });
    const end = async (typed: string) => {
      await hydrated(here);
      await other.locator("summary").click();
      await other.getByLabel("Your password").fill(typed);
      await other.getByRole("button", { name: "End this session" }).click();
    };
    await end("not the password");
    await expect(here.getByText("The password is wrong.")).toBeVisible();
    await end(password);
    await expect(here.getByText("The session has ended.")).toBeVisible();
    await expect(other).toHaveCount(0);
    await meetsItsEnd(there);
    await here.context().close();
    await there.context().close();
  });

  test(`everybody is signed out at once, whoever asks too, ${words}`, async ({ browser }) => {
    const name = javaScriptEnabled ? "emma" : "emil";
    tidemark(["user", "add", name, "--role", "viewer", "--password-stdin"], console_.variables, `${password}\n`);
    const admin = await fresh(browser, javaScriptEnabled);
    const other = await fresh(browser, javaScriptEnabled);
    await signIn(other, console_, name);
    await leave(other);
    await signIn(admin, console_);
    await admin.goto(`${console_.url}/users`);
    await hydrated(admin);
    const everybody = admin.locator("details.question", { hasText: "Sign everybody out" });
    const signOut = async (typed: string) => {
      await hydrated(admin);
      await everybody.locator("summary").click();
      await everybody.getByLabel("Your password").fill(typed);
      await everybody.getByRole("button", { name: "End everybody's sessions" }).click();
    };
    await signOut("not the password");
    await expect(admin.getByText("The password is wrong.")).toBeVisible();
    await signOut(password);
    await expect(admin).toHaveURL(/\/login/);
    await meetsItsEnd(other);
    await expect(other.getByText("Your session has ended. Sign in to go on.")).toBeVisible();
    await signIn(other, console_, name);
    await admin.context().close();
    await other.context().close();
  });

  test(`a token is shown once, reads the API, and opens nothing once revoked, ${words}`, async ({ browser }) => {
    const name = javaScriptEnabled ? "prometheus" : "grafana";
    const page = await fresh(browser, javaScriptEnabled);
    await signIn(page, console_);
    await page.goto(`${console_.url}/tokens`);
    await hydrated(page);
    const form = page.locator("form", { hasText: "Valid for" });
    await form.getByLabel("Name").fill(name);
    await form.getByLabel("Role").selectOption("operator");
    await page.getByText("Fewer permissions than the role").click();
    await page.getByLabel("see hypertables, chunks and jobs").check();
    await form.getByRole("button", { name: "Create" }).click();
    const token = await page.getByRole("textbox", { name: `Token ${name}` }).inputValue();
    await expect(page.getByText("It is shown only once.")).toBeVisible();
    expect(token).toMatch(/^tdm_[\w-]{43}$/);
    await page.reload();
    expect(await page.content()).not.toContain(token);
    await expect(page.getByRole("row", { name: new RegExp(name) })).toContainText("only: see hypertables, chunks and jobs");

    const get = (path: string) =>
      fetch(`${console_.url}/api/v1/monitoring/${path}`, { headers: { authorization: `Bearer ${token}` } });
    expect((await get("metrics/hypertables")).status).toBe(200);
    expect((await get("health")).status).toBe(403);
    await confirm(page.getByRole("row", { name: new RegExp(name) }), "Revoke");
    await expect(page.getByText(`The token ${name} is revoked. It opens nothing any more.`)).toBeVisible();
    expect((await get("metrics/hypertables")).status).toBe(401);
    await page.context().close();
  });

  test(`the last administrator can be neither demoted nor disabled, ${words}`, async ({ browser }) => {
    const page = await fresh(browser, javaScriptEnabled);
    await signIn(page, console_);
    await page.goto(`${console_.url}/users/admin`);
    await hydrated(page);
    for (const [button, reason] of [
      ["Change role", "This is the last administrator who can sign in."],
      ["Reset the password", "This is your own account: change your password on your account page."],
      ["Disable", "This is your own account: another administrator can disable it."],
    ] as const) {
      await expect(page.getByRole("button", { name: button })).toBeDisabled();
      await expect(page.getByRole("button", { name: button })).toHaveAccessibleDescription(new RegExp(`^${reason}`));
    }
    await expect(page.getByLabel("Role")).toBeDisabled();
    // The same by hand.
    const headers = { origin: console_.url, accept: "application/json" };
    for (const [path, form] of [
      ["/fn/change_role", { name: "admin", role: "viewer" }],
      ["/fn/disable_user", { name: "admin" }],
      ["/fn/reset_password", { name: "admin" }],
    ] as const) {
      const answer = await page.request.post(`${console_.url}${path}`, { form, headers });
      expect(answer.status(), path).toBe(409);
    }
    await page.context().close();
  });

  test(`the audit log is filtered by form and exported as it is filtered, ${words}`, async ({ browser }) => {
    const page = await fresh(browser, javaScriptEnabled);
    await signIn(page, console_);
    await page.goto(`${console_.url}/audit`);
    await hydrated(page);
    await page.getByLabel("Action").selectOption("session.sign_in");
    await page.getByLabel("Person or token").fill("admin");
    await page.getByRole("button", { name: "Filter" }).click();
    await expect(page).toHaveURL(/person=admin.*action=session.sign_in/);
    await expect(page.getByRole("cell", { name: "signed in" }).first()).toBeVisible();
    await expect(page.getByRole("cell", { name: "added a user" })).toHaveCount(0);
    // Without JavaScript the browser writes the empty fields too.
    if (javaScriptEnabled) expect(page.url()).not.toMatch(/[?&]\w+=(&|$)/);
    // The address changes before the page does.
    const exported = page.getByRole("link", { name: "Export CSV" });
    await expect(exported).toHaveAttribute("href", /person=admin.*action=session.sign_in/);
    const href = await exported.getAttribute("href");
    const csv = await (await page.request.get(`${console_.url}${href}`)).text();
    const lines = csv.trim().split("\r\n");
    expect(lines[0]).toMatch(/^id,at,actor_kind,actor/);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines.slice(1)) expect(line).toContain('"admin"');
    await page.goto(`${console_.url}/audit?from=yesterday`);
    await expect(page.getByText("is not a time in UTC, for example 2026-11-23T08:30")).toBeVisible();
    await page.context().close();
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing serious and nothing overflows on the pages of accounts, ${colorScheme}, ${width} px`, async ({
      browser,
    }) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      const found = complaints(page);
      await signIn(page, console_);
      for (const path of ["/account", "/users", "/users/viewer", "/tokens", "/audit", "/users/nobody"]) {
        await page.goto(`${console_.url}${path}`);
        await hydrated(page);
        await expectNothingSerious(page);
        await expectNoOverflow(page, path);
      }
      expect(found.filter((text) => !text.includes("404"))).toEqual([]);
      await context.close();
    });
  }
}

test("what is shown only once is copied with a button", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: console_.url });
  await signIn(page, console_);
  const link = await invite(page, "copied");
  await page.getByRole("button", { name: "Copy: Link for copied" }).click();
  await expect(page.getByText("Copied.")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
});

test("a question closes with Escape, and nothing was done", async ({ page }) => {
  await signIn(page, console_);
  await page.goto(`${console_.url}/users/viewer`);
  await hydrated(page);
  const question = page.locator("details.question", { hasText: "Disable" });
  await question.locator("summary").click();
  await expect(question.getByRole("button", { name: "Disable viewer" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(question.getByRole("button", { name: "Disable viewer" })).toBeHidden();
  await expect(question.locator("summary")).toBeFocused();
});

test("the account menu closes with Escape, with a click elsewhere and when the focus leaves it", async ({ page }) => {
  await signIn(page, console_);
  await hydrated(page);
  const summary = page.getByLabel("Account of admin");
  const item = page.getByRole("link", { name: "Account and sessions" });
  await summary.click();
  await item.focus();
  await page.keyboard.press("Escape");
  await expect(item).toBeHidden();
  await expect(summary).toBeFocused();
  await summary.click();
  await page.getByRole("heading", { level: 1 }).click();
  await expect(item).toBeHidden();
  await summary.click();
  await page.getByRole("button", { name: "Sign out" }).focus();
  await page.keyboard.press("Tab");
  await expect(item).toBeHidden();
});

test("a form that fails again and again says so in an address that does not grow", async ({ browser }) => {
  const page = await fresh(browser, false);
  await page.goto(`${console_.url}/login`);
  for (let attempt = 0; attempt < 3; attempt++) {
    await page.getByLabel("Name").fill("nobody.at.all");
    await page.getByLabel("Password").fill("wrong horse battery");
    await page.getByRole("button", { name: "Sign in" }).click();
    // The next page: the one before says the same.
    await expect(page.getByLabel("Name")).toHaveValue("");
    await expect(page.getByRole("alert")).toHaveText("Name or password is wrong.");
    expect(new URL(page.url()).searchParams.getAll("__err")).toHaveLength(1);
  }
  await page.context().close();
});

test("a form is not disturbed by the data that keep arriving", async ({ page }) => {
  await signIn(page, console_);
  await page.goto(`${console_.url}/users`);
  await hydrated(page);
  const name = page.locator("form", { hasText: "Make an invitation" }).getByLabel("Name");
  await name.fill("half-typed");
  const age = page.locator(".live-age time");
  const before = await age.getAttribute("datetime");
  await until(async () => (await age.getAttribute("datetime")) !== before, "a newer reading");
  await expect(name).toHaveValue("half-typed");
  await expect(name).toBeFocused();
});
