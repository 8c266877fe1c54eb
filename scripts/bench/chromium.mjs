// The Chromium that the end-to-end tests use, with their flags.
import { existsSync, readFileSync } from "node:fs";

const { paths, args } = JSON.parse(
  readFileSync(new URL("../../end2end/harness/chromium.json", import.meta.url), "utf8"),
);

export const executablePath = [process.env.CHROMIUM_PATH, ...paths].find((path) => path && existsSync(path));
export const flags = args;

/** The session that the bench signed in, as a header. */
export function sessionHeaders() {
  const cookie = process.env.TIDEMARK_COOKIE;
  if (!cookie) throw new Error("TIDEMARK_COOKIE holds no session; run make bench");
  return { Cookie: cookie };
}

/** A line of the table: a figure, and beside its target whether it is met. */
export function line(what, figure, target = "", isMet = undefined) {
  print(what, figure, target, isMet === undefined ? "" : isMet ? "yes" : "NO");
}

/** A line for what did not work. */
export function failure(what, why) {
  print(what, why, "", "FAILED");
}

function print(what, figure, target, verdict) {
  console.log(`  ${what.padEnd(44)}  ${String(figure).padEnd(30)}  ${target.padEnd(14)}  ${verdict}`.trimEnd());
}
