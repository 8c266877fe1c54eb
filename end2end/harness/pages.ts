// What several specs do on a page.
import AxeBuilder from "@axe-core/playwright";
import { type Browser, type BrowserContext, type Locator, type Page, expect } from "@playwright/test";
import { password } from "./console";

/** Signs in through the form and waits for the Overview. */
export async function signIn(page: Page, console: { url: string }, name = "admin"): Promise<void> {
  await page.goto(`${console.url}/login`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/db\/[^/]+$/);
  // The address changes before the page does.
  await page.locator(".top-end").waitFor({ state: "attached" });
}

/** Collects everything the browser complains about. */
export function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") found.push(message.text());
  });
  page.on("pageerror", (error) => found.push(String(error)));
  return found;
}

/** Contexts in which nothing ever takes a page over. */
const withoutJavaScript = new WeakSet<BrowserContext>();

/** A page of a browser that nobody has used. */
export async function fresh(browser: Browser, javaScriptEnabled: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 1440, height: 900 } });
  if (!javaScriptEnabled) withoutJavaScript.add(context);
  return context.newPage();
}

/** Waits until the wasm has taken the page over: only then does it answer without a request. */
export async function hydrated(page: Page): Promise<void> {
  if (withoutJavaScript.has(page.context())) return;
  await page.locator("html[data-hydrated]").waitFor({ state: "attached" });
}

/** Presses a button that asks first, and the one that then does it. */
export async function confirm(within: Page | Locator, ask: string): Promise<void> {
  const question = within.locator("details.question", { hasText: ask });
  await question.locator("summary").click();
  await question.locator("button[type=submit]").click();
}

/** Nothing is wider than the screen, once the fonts are there: until then texts have another width. */
export async function expectNoOverflow(page: Page, what: string): Promise<void> {
  const overflow = () =>
    page.evaluate(async () => {
      await document.fonts.ready;
      return document.documentElement.scrollWidth - document.documentElement.clientWidth;
    });
  await expect.poll(overflow, `overflow of ${what}`).toBe(0);
}

export async function expectNothingSerious(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(
    serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`),
  ).toEqual([]);
}
