// Pages that are looked at learn of a new reading by themselves, over one stream a browser.
import { type Browser, type BrowserContext, type Page, expect, test } from "@playwright/test";
import { Console, until } from "../harness/console";
import { hydrated, signIn } from "../harness/pages";
import { Proxy } from "../harness/proxy";
import { databaseUrl, psql } from "../harness/setup";

const LIVE = "e2e_live";
const STATUS = "/fn/load_status";

let console_: Console;
test.beforeAll(async () => {
  psql("postgres", `drop database if exists ${LIVE} with (force)`);
  psql("postgres", `create database ${LIVE}`);
  psql(
    LIVE,
    `set client_min_messages = warning; create extension timescaledb;
     do $$ begin
       for i in 1..30 loop
         execute format('create table sensor_%s (t timestamptz not null, v float) with (autovacuum_enabled = off)', lpad(i::text, 2, '0'));
         perform create_hypertable(format('sensor_%s', lpad(i::text, 2, '0'))::regclass, by_range('t'));
       end loop;
     end $$;
     insert into sensor_05 select now(), 1 from generate_series(1, 100);
     analyze`,
  );
  console_ = await Console.start(databaseUrl(LIVE));
});
test.afterAll(async () => {
  await console_?.stop();
  psql("postgres", `drop database if exists ${LIVE} with (force)`);
});

/** A browser of somebody who has signed in, seen by a proxy. */
async function browse(
  browser: Browser,
  run: (context: BrowserContext, proxy: Proxy) => Promise<void>,
  script?: () => void,
): Promise<void> {
  const proxy = await Proxy.before(console_);
  const context = await browser.newContext({ viewport: { width: 1000, height: 500 } });
  if (script) await context.addInitScript(script);
  try {
    await run(context, proxy);
  } finally {
    await context.close();
    await proxy.stop();
  }
}

async function overview(context: BrowserContext, proxy: Proxy): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${proxy.url}/db/${LIVE}`);
  await hydrated(page);
  return page;
}

/** Something that the pages show is different from now on. */
function addRows(): void {
  psql(LIVE, "insert into sensor_05 select now(), 1 from generate_series(1, 500); analyze sensor_05");
}

async function rows(page: Page): Promise<number> {
  return Number(await page.locator(".tile", { hasText: "Rows" }).locator("data").first().getAttribute("value"));
}

/** As when somebody looks at another tab, and comes back. */
async function show(page: Page, visibility: DocumentVisibilityState): Promise<void> {
  await page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, visibility);
}

test("ten tabs of one browser are usable at once, learn of a reading together and share one stream", async ({ browser }) => {
  test.setTimeout(300_000);
  await browse(browser, async (context, proxy) => {
    await signIn(await context.newPage(), proxy);
    const pages = [...context.pages()];
    while (pages.length < 10) pages.push(await overview(context, proxy));
    await until(() => proxy.openStreams === 1, "a stream is open");
    const everybodyLearns = async () => {
      const before = await Promise.all(pages.map(rows));
      addRows();
      for (const [index, page] of pages.entries()) {
        await expect.poll(() => rows(page), { timeout: 60_000 }).toBeGreaterThan(before[index]);
      }
    };
    // A page that has heard nothing yet asks; after the first news every one has.
    await everybodyLearns();
    const asked = proxy.asked(STATUS);
    await everybodyLearns();
    for (const page of pages) {
      await page.getByRole("link", { name: "Hypertables", exact: true }).click();
      await expect(page.getByRole("rowheader", { name: /sensor_05/ })).toBeVisible();
    }
    expect(proxy.openStreams).toBe(1);
    expect(proxy.mostStreams).toBe(1);
    // They were told, and have not asked.
    expect(proxy.asked(STATUS)).toBe(asked);
  });
});

for (const shared of [true, false]) {
  const kind = shared ? "with a shared worker" : "without shared workers";
  const script = shared ? undefined : () => Reflect.deleteProperty(window, "SharedWorker");

  test(`a hidden tab closes its stream and asks for nothing, and learns what is new when it is seen, ${kind}`, async ({ browser }) => {
    await browse(
      browser,
      async (context, proxy) => {
        await signIn(await context.newPage(), proxy);
        const [page] = context.pages();
        await until(() => proxy.openStreams === 1, "a stream is open");
        await show(page, "hidden");
        await until(() => proxy.openStreams === 0, "the stream is closed");
        await until(() => proxy.underWay === 0, "what was asked for before is answered");
        const before = await rows(page);
        const asked = proxy.asked("/fn/load_");
        addRows();
        // Somebody else sees it.
        const other = await browser.newPage();
        await signIn(other, console_);
        await expect.poll(() => rows(other), { timeout: 60_000 }).toBeGreaterThan(before);
        await other.close();
        expect(await rows(page)).toBe(before);
        expect(proxy.asked("/fn/load_")).toBe(asked);
        await show(page, "visible");
        await expect.poll(() => rows(page), { timeout: 60_000 }).toBeGreaterThan(before);
        // The page may have asked before the stream was there.
        await until(() => proxy.openStreams === 1, "the stream is open again");
      },
      script,
    );
  });

  test(`pages ask by themselves while streams do not come through, and listen again once they do, ${kind}`, async ({ browser }) => {
    test.setTimeout(300_000);
    await browse(
      browser,
      async (context, proxy) => {
        await signIn(await context.newPage(), proxy);
        const [page] = context.pages();
        await until(() => proxy.openStreams === 1, "a stream is open");
        const told = proxy.asked(STATUS);
        proxy.refusesStreams = true;
        proxy.cutStreams();
        await until(() => proxy.asked(STATUS) >= told + 2, "the page asks, and asks again");
        let before = await rows(page);
        addRows();
        await expect.poll(() => rows(page), { timeout: 60_000 }).toBeGreaterThan(before);

        proxy.refusesStreams = false;
        await until(() => proxy.openStreams === 1, "a stream is open again", 120_000);
        before = await rows(page);
        addRows();
        await expect.poll(() => rows(page), { timeout: 60_000 }).toBeGreaterThan(before);
        const asked = proxy.asked(STATUS);
        before = await rows(page);
        addRows();
        await expect.poll(() => rows(page), { timeout: 60_000 }).toBeGreaterThan(before);
        expect(proxy.asked(STATUS)).toBe(asked);
      },
      script,
    );
  });
}

test("a page stays as it is while no console answers, and goes on when one does", async ({ browser }) => {
  test.setTimeout(180_000);
  await browse(browser, async (context, proxy) => {
    await signIn(await context.newPage(), proxy);
    const [page] = context.pages();
    await until(() => proxy.openStreams === 1, "a stream is open");
    const before = await rows(page);
    const told = proxy.asked(STATUS);
    proxy.isAlone = true;
    proxy.cutStreams();
    await until(() => proxy.asked(STATUS) >= told + 2, "the page asks, and asks again");
    expect(await rows(page)).toBe(before);
    await expect(page.getByRole("link", { name: "sensor_05", exact: true })).toBeVisible();

    proxy.isAlone = false;
    addRows();
    await expect.poll(() => rows(page), { timeout: 60_000 }).toBeGreaterThan(before);
  });
});

test("a tab that is closed leaves no stream behind", async ({ browser }) => {
  await browse(browser, async (context, proxy) => {
    await signIn(await context.newPage(), proxy);
    const [page] = context.pages();
    const other = await overview(context, proxy);
    await until(() => proxy.openStreams === 1, "a stream is open");
    await page.close();
    await show(other, "hidden");
    await until(() => proxy.openStreams === 0, "the stream is closed");
  });
});

test("who is signed out in another tab leaves the page", async ({ browser }) => {
  test.setTimeout(180_000);
  await browse(browser, async (context, proxy) => {
    await signIn(await context.newPage(), proxy);
    const [page] = context.pages();
    await until(() => proxy.openStreams === 1, "a stream is open");
    const signedOut = await context.request.post(`${proxy.url}/fn/sign_out`, {
      headers: { origin: proxy.url, accept: "application/json" },
    });
    expect(signedOut.ok()).toBe(true);
    await page.waitForURL(/\/login\?ended=1/, { timeout: 60_000 });
  });
});

/** Holds a place in the list: a focused link, both scroll positions, and the selected name of a table. */
async function takePlace(page: Page): Promise<void> {
  // The last that moves what is above the list.
  await page.evaluate(() => document.fonts.ready);
  await page.getByRole("columnheader", { name: "Rows" }).getByRole("link").focus();
  await page.evaluate(() => {
    const name = [...document.querySelectorAll("th[scope=row]")].find((cell) => cell.textContent?.includes("sensor_05"));
    const walker = document.createTreeWalker(name as Element, NodeFilter.SHOW_TEXT);
    let text = walker.nextNode();
    // A name may break after an underscore: its parts are texts of their own.
    while (text && text.textContent !== "05") text = walker.nextNode();
    if (!text) throw new Error("there is no sensor_05");
    getSelection()?.setBaseAndExtent(text, 0, text, text.textContent?.length ?? 0);
    // Wider than any screen, so that there is something to scroll.
    const table = document.querySelector<HTMLElement>(".scroll table");
    if (table) table.style.minWidth = "3000px";
    document.querySelector(".scroll")?.scrollTo({ left: 60 });
    window.scrollTo(0, 200);
  });
  // The browser tells of both a moment later.
  await page.evaluate(() => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(told))));
}

function place(page: Page) {
  return page.evaluate(() => ({
    focus: document.activeElement?.getAttribute("href"),
    selected: getSelection()?.toString(),
    left: document.querySelector(".scroll")?.scrollLeft,
    top: window.scrollY,
  }));
}

test("focus, scroll and selection survive a refresh", async ({ page }) => {
  await page.setViewportSize({ width: 1000, height: 500 });
  await signIn(page, console_);
  await page.goto(`${console_.url}/db/${LIVE}/hypertables`);
  await hydrated(page);
  const row = page.getByRole("row", { name: /sensor_05/ });
  const filter = page.getByLabel("Filter by schema, name or owner");
  await takePlace(page);
  const held = await place(page);
  expect(held).toMatchObject({ selected: "05", left: 60, top: 200 });
  expect(held.focus).toContain("sort=rows");
  for (let refresh = 0; refresh < 2; refresh++) {
    const before = await row.innerText();
    addRows();
    await expect.poll(() => row.innerText(), { timeout: 60_000 }).not.toBe(before);
    expect(await place(page)).toEqual(held);
  }
  // So does what somebody is typing.
  await filter.fill("sensor_05");
  await filter.press("ArrowLeft");
  await expect(page.getByRole("row")).toHaveCount(2);
  const before = await row.innerText();
  addRows();
  await expect.poll(() => row.innerText(), { timeout: 60_000 }).not.toBe(before);
  await expect(filter).toBeFocused();
  expect(await filter.evaluate((field: HTMLInputElement) => field.selectionStart)).toBe("sensor_05".length - 1);
});

test("focus, scroll and selection survive when the part of the page they are in is made anew", async ({ page }) => {
  await page.setViewportSize({ width: 1000, height: 500 });
  await signIn(page, console_);
  await page.goto(`${console_.url}/db/${LIVE}/hypertables`);
  await hydrated(page);
  await takePlace(page);
  const held = await place(page);
  await page.evaluate(() => {
    const part = document.querySelector(".scroll");
    part?.replaceWith(part.cloneNode(true));
  });
  await expect.poll(() => place(page)).toEqual(held);
});

test("the focus follows its link when rows change their places", async ({ page }) => {
  await signIn(page, console_);
  await page.goto(`${console_.url}/db/${LIVE}/hypertables`);
  await hydrated(page);
  const link = page.getByRole("columnheader", { name: "Rows" }).getByRole("link");
  await link.focus();
  const href = await link.getAttribute("href");
  // As a refresh does it: the elements stay, and what is in them moves.
  const moved = await page.evaluate(() => {
    const [one, other] = [document.activeElement, document.querySelector("th[scope=col] a")];
    const [to, from] = [one?.getAttribute("href"), other?.getAttribute("href")];
    if (!one || !other || one === other || !to || !from) return false;
    one.setAttribute("href", from);
    other.setAttribute("href", to);
    return true;
  });
  expect(moved).toBe(true);
  await expect(page.locator("th[scope=col] a").first()).toBeFocused();
  expect(await page.locator(":focus").getAttribute("href")).toBe(href);
});

test("the focus stays on its row when a list puts its rows in another order", async ({ page }) => {
  await signIn(page, console_);
  await page.goto(`${console_.url}/db/${LIVE}/hypertables`);
  await hydrated(page);
  const head = page.locator("th[scope=col]", { hasText: "Rows" });
  await head.getByRole("link").focus();
  await head.evaluate((cell) => cell.parentElement?.prepend(cell));
  await expect(head.getByRole("link")).toBeFocused();
  // What somebody leaves stays left.
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.evaluate(() => new Promise((later) => setTimeout(later, 0)));
  await head.evaluate((cell) => cell.parentElement?.append(cell));
  await expect(head.getByRole("link")).not.toBeFocused();
});
