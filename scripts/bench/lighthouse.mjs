// Lighthouse, desktop preset, as somebody who is signed in: node lighthouse.mjs URL…
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { executablePath, failure, flags, line, sessionHeaders } from "./chromium.mjs";

const RUNS = 5;
const LEAST = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices"];

const lighthouse = fileURLToPath(new URL("../../node_modules/.bin/lighthouse", import.meta.url));

/** One run's report. Lighthouse itself sometimes misses the beginning of its trace (NO_NAVSTART): then it is run again. */
async function run(url, attempts = 3) {
  try {
    return await runOnce(url);
  } catch (error) {
    if (attempts > 1 && /NO_NAVSTART/.test(`${error.message} ${error.stdout ?? ""}`)) return run(url, attempts - 1);
    throw error;
  }
}

async function runOnce(url) {
  const { stdout } = await promisify(execFile)(
    lighthouse,
    [
      url,
      "--preset=desktop",
      `--only-categories=${CATEGORIES}`,
      `--extra-headers=${JSON.stringify(sessionHeaders())}`,
      `--chrome-flags=--headless=new ${flags.join(" ")}`,
      "--output=json",
      "--quiet",
      "--no-enable-error-reporting",
    ],
    { env: { ...process.env, CHROME_PATH: executablePath }, maxBuffer: 256 * 1024 * 1024 },
  );
  const report = JSON.parse(stdout);
  if (report.runtimeError) throw new Error(`${url}: ${report.runtimeError.message}`);
  return report;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** What took points in the last run, so that a low score says why. */
function losses(report, category) {
  return report.categories[category].auditRefs
    .filter(({ id, weight }) => weight > 0 && (report.audits[id].score ?? 1) < 0.9)
    .map(({ id }) => `${id} ${report.audits[id].displayValue ?? ""}`.trim());
}

let allWorked = true;
for (const url of process.argv.slice(2)) {
  const { pathname } = new URL(url);
  console.log(`\nLighthouse, desktop, median of ${RUNS}: ${pathname}`);
  const answer = await fetch(url, { headers: { ...sessionHeaders(), accept: "text/html" }, redirect: "manual" });
  if (answer.status !== 200) {
    failure(pathname, answer.status === 404 ? "404: not there" : `answered ${answer.status}`);
    allWorked = false;
    continue;
  }
  try {
    const reports = [];
    for (let number = 0; number < RUNS; number += 1) reports.push(await run(url));
    for (const category of CATEGORIES) {
      const scores = reports.map((report) => Math.round(report.categories[category].score * 100));
      line(category, `${median(scores)} (${scores.join(", ")})`, `at least ${LEAST}`, median(scores) >= LEAST);
      for (const loss of losses(reports.at(-1), category)) console.log(`      ${loss}`);
    }
  } catch (error) {
    failure(pathname, error.message);
    allWorked = false;
  }
}
console.log();
process.exitCode = allWorked ? 0 : 1;
