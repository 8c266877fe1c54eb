// What several specs do on a page.
import AxeBuilder from "@axe-core/playwright";
import { type Page, expect } from "@playwright/test";
import { type Console, password } from "./console";

/** Signs in through the form and waits for the Overview. */
export async function signIn(page: Page, console: Console, name = "admin"): Promise<void> {
  await page.goto(`${console.url}/login`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/db\/[^/]+$/);
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

/** Waits until the wasm has taken the page over: only then does the age tick by itself. */
export async function hydrated(page: Page): Promise<void> {
  await page.waitForLoadState("networkidle");
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
