// What a browser that was never here fetches for a page until the page is alive: node first_load.mjs URL
import { get } from "node:http";
import { chromium } from "@playwright/test";
import { executablePath, flags, line, sessionHeaders } from "./chromium.mjs";

const LOADED_WITHIN_MS = 30_000;
const MOST_BYTES = 300_000;
const MOST_REQUESTS = 8;
const WORKER = "/live.js";

const [url] = process.argv.slice(2);

/** JavaScript, wasm and styles; the rest is the page itself, fonts, pictures and data. */
function isCode({ url, mimeType }) {
  return /javascript|wasm|text\/css/.test(mimeType) || /\.(js|wasm|css)$/.test(new URL(url).pathname);
}

/** Everything that is fetched, with its bytes on the wire: the content, and the response's headers by themselves. */
async function watch(page) {
  const requests = new Map();
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  network.on("Network.requestWillBeSent", ({ requestId, request, type }) => {
    // What goes on for ever is no part of the first load.
    if (type !== "EventSource" && !request.url.startsWith("data:")) {
      requests.set(requestId, { url: request.url, mimeType: "", encoding: "", bytes: undefined });
    }
  });
  network.on("Network.responseReceived", ({ requestId, response }) => {
    const request = requests.get(requestId);
    if (!request) return;
    const header = Object.entries(response.headers).find(([name]) => name.toLowerCase() === "content-encoding");
    const headerBytes = response.encodedDataLength;
    Object.assign(request, { headerBytes, status: response.status, mimeType: response.mimeType, encoding: header?.[1] ?? "" });
  });
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const request = requests.get(requestId);
    if (request) request.bytes = encodedDataLength - (request.headerBytes ?? 0);
  });
  network.on("Network.loadingFailed", ({ requestId, errorText }) => {
    const request = requests.get(requestId);
    if (request) request.failure = errorText;
  });
  return requests;
}

/** The browser tells a page when its shared worker's script is asked for, not when it is there: how long that one is. */
function bytesOf(url) {
  return new Promise((resolve, reject) => {
    const headers = { ...sessionHeaders(), "accept-encoding": "gzip, deflate, br", connection: "close" };
    get(url, { headers, agent: false }, (answer) => {
      const { socket } = answer;
      let bytes = 0;
      answer.on("data", (part) => {
        bytes += part.length;
      });
      answer.on("end", () =>
        resolve({
          bytes,
          headerBytes: socket.bytesRead - bytes,
          status: answer.statusCode,
          mimeType: answer.headers["content-type"] ?? "",
          encoding: answer.headers["content-encoding"] ?? "",
        }),
      );
    }).on("error", reject);
  });
}

async function allArrived(requests) {
  const deadline = Date.now() + LOADED_WITHIN_MS;
  for (const request of requests.values()) {
    if (new URL(request.url).pathname === WORKER) Object.assign(request, await bytesOf(request.url));
  }
  const open = () => [...requests.values()].filter(({ bytes, failure }) => bytes === undefined && !failure);
  while (open().length > 0) {
    if (Date.now() > deadline) throw new Error(`still loading: ${open().map(({ url }) => url)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return [...requests.values()];
}

const browser = await chromium.launch({ executablePath, args: flags });
try {
  const context = await browser.newContext();
  // As a cookie, which the worker that listens sends too.
  const [name, value] = sessionHeaders().Cookie.split(/=(.*)/s);
  const { hostname } = new URL(url);
  await context.addCookies([{ name, value, domain: hostname, path: "/", secure: true, httpOnly: true, sameSite: "Lax" }]);
  const page = await context.newPage();
  const requests = await watch(page);
  const answer = await page.goto(url, { waitUntil: "load", timeout: LOADED_WITHIN_MS });
  if (!answer?.ok() || new URL(page.url()).pathname !== new URL(url).pathname) {
    throw new Error(`${url} answered ${answer?.status()} at ${page.url()}`);
  }
  await page.locator("html[data-hydrated]").waitFor({ state: "attached", timeout: LOADED_WITHIN_MS });
  await page.evaluate(() => document.fonts.ready);
  const loaded = await allArrived(requests);
  const failed = loaded.filter(({ status, failure }) => failure || status >= 400);
  if (failed.length > 0) throw new Error(`not loaded: ${failed.map(({ url, status }) => `${url} ${status}`)}`);

  const code = loaded.filter(isCode);
  const bytes = code.reduce((sum, request) => sum + request.bytes, 0);
  console.log("\nFirst load of the Overview");
  for (const request of loaded) {
    line(new URL(request.url).pathname, `${request.bytes} bytes ${request.encoding || "not compressed"}`);
  }
  line("JavaScript, wasm and CSS", `${bytes} bytes`, "under 300,000", bytes < MOST_BYTES);
  const headers = code.reduce((sum, request) => sum + (request.headerBytes ?? 0), 0);
  line("headers of their responses", `${headers} bytes`);
  line("requests, JavaScript, wasm and CSS", code.length, "at most 8", code.length <= MOST_REQUESTS);
  line("requests, page, font and icon included", loaded.length);
  console.log();
} finally {
  await browser.close();
}
