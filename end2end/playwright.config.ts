import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";
import chromium from "./harness/chromium.json";

// Whatever Chromium the machine has; Playwright's own cannot be downloaded everywhere.
const executablePath = [process.env.CHROMIUM_PATH, ...chromium.paths].find((path) => path && existsSync(path));

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  // Two cores: more workers only make each other time out.
  workers: 2,
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  retries: 0,
  // Nothing is shown by how long it takes: where it is, the spec says so. A busy machine is several times slower.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  globalSetup: "./harness/setup.ts",
  globalTeardown: "./harness/teardown.ts",
  use: {
    browserName: "chromium",
    viewport: { width: 1440, height: 900 },
    screenshot: "only-on-failure",
    launchOptions: { executablePath, args: chromium.args },
  },
});
