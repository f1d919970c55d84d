// Pages in a real browser that may talk to the box under test only.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

export const startBrowser = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

// `finish` fails the test for whatever should not have happened meanwhile.
export async function openPage(browser, origin, options = {}) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const complaints = [];
  await context.route('**/*', (route) => {
    const url = route.request().url();
    if (new URL(url).origin === origin) return route.continue();
    complaints.push(`request to another place: ${url}`);
    return route.abort();
  });
  await context.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
  });
  const page = await context.newPage();
  // A busy machine is slow, not wrong.
  page.setDefaultTimeout(180_000);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`script error: ${error.stack ?? error}`));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} for ${response.url()}`);
  });
  return {
    page,
    // What a test brings about on purpose is no complaint.
    async finish(expected = /^$/) {
      complaints.push(...(await page.evaluate(() => window.violations)).map((text) => `policy: ${text}`));
      await context.close();
      assert.deepEqual(complaints.filter((text) => !expected.test(text)), []);
    },
  };
}
