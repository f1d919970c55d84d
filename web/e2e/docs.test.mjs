// The API reference in a real browser, against the real program: it shows the operations, works without any other
// host, obeys its own content security policy, can be read in both themes and on a phone, and can make a call.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { startBox } from './box.mjs';
import { openPage as openInBrowser, startBrowser } from './page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const CUSTOMERS = '/integration/api/customers';

// What axe finds in Swagger UI's own markup and we cannot mend from outside. Anything else fails.
const KNOWN = {
  'nested-interactive':
    'the row of an operation is one clickable element with buttons inside; each can be reached and used by keyboard',
};

const VIEWS = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  { name: 'light, narrow', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  { name: 'dark, narrow', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
];

let box;
let browser;

before(async () => {
  box = await startBox();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  // If a test failed before the last one, which stops the program and looks at its exit.
  await box?.stop();
});

const openPage = (options) => openInBrowser(browser, box.origin, options);

async function openReference(page) {
  const response = await page.goto(`${box.origin}/docs`);
  assert.equal(response.status(), 200);
  assert.match(response.headers()['content-security-policy'] ?? '', /default-src 'self'/);
  await page.locator('#reader[data-ready]').waitFor();
}

const operation = (page, method, path) =>
  page.locator(`.opblock-${method}`, { has: page.locator(`.opblock-summary-path[data-path="${path}"]`) });

async function expand(page, method, path) {
  const block = operation(page, method, path);
  await block.locator('.opblock-summary-control').click();
  await block.locator('.responses-wrapper').waitFor();
  return block;
}

async function seriousViolations(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations
    .filter(({ impact, id }) => ['serious', 'critical'].includes(impact) && !(id in KNOWN))
    .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id} (${help}): ${node.target.join(' ')}: ${node.failureSummary}`));
}

for (const { name, ...view } of VIEWS) {
  test(`the reference can be read: ${name}`, async () => {
    const { page, finish } = await openPage(view);
    await openReference(page);
    assert.equal(await page.title(), 'Boxoffice API reference');

    await operation(page, 'get', CUSTOMERS).waitFor();
    for (const path of [CUSTOMERS, `${CUSTOMERS}/{customerId}`, `${CUSTOMERS}/{customerId}/orders`]) {
      assert.ok(await page.locator(`.opblock-summary-path[data-path="${path}"]`).count(), `no row for ${path}`);
    }
    await expand(page, 'get', CUSTOMERS);
    await expand(page, 'post', CUSTOMERS);

    const isDark = await page.evaluate(() => document.documentElement.classList.contains('dark-mode'));
    assert.equal(isDark, view.colorScheme === 'dark');
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px wider than the window`);
    assert.deepEqual(await seriousViolations(page), []);
    await finish();
  });
}

test('every row opens by keyboard, and the address leads back to it', async () => {
  const { page, finish } = await openPage();
  await openReference(page);
  await operation(page, 'get', CUSTOMERS).locator('.opblock-summary-control').focus();
  await page.keyboard.press('Enter');
  await operation(page, 'get', CUSTOMERS).locator('.responses-wrapper').waitFor();
  const address = page.url();
  assert.match(address, /#\/.+/);
  await page.goto('about:blank');
  await page.goto(address);
  await operation(page, 'get', CUSTOMERS).locator('.responses-wrapper').waitFor();
  await finish();
});

for (const colorScheme of ['light', 'dark']) {
  test(`a call can be made with a token: ${colorScheme}`, async () => {
    const token = await box.run('token', 'create', '--name', 'browser');
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    const { page, finish } = await openPage({ colorScheme });
    await openReference(page);

    await page.locator('.auth-wrapper .authorize').click();
    const dialog = page.locator('.dialog-ux');
    // Only the token: the page adds the word JWT.
    await dialog.locator('input').first().fill(token);
    await dialog.locator('button.authorize').first().click();
    await dialog.locator('button.btn-done').first().click();

    const block = await expand(page, 'get', CUSTOMERS);
    await block.locator('.try-out__btn').click();
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === CUSTOMERS);
    await block.locator('button.execute').click();
    const response = await answered;
    assert.equal(response.status(), 200);
    assert.equal(response.request().headers().authorization, `JWT ${token}`);
    const customers = await response.json();
    assert.ok(Array.isArray(customers) && customers.length > 0, 'the demo operator has customers');
    await block.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
    assert.deepEqual(await seriousViolations(page), []);

    // Nothing stays behind in the browser.
    await page.reload();
    await page.locator('.auth-wrapper .authorize.unlocked').waitFor();
    await finish();
  });
}

test('the root leads to the console, which leads to the reference', async () => {
  const { page, finish } = await openPage();
  await page.goto(`${box.origin}/`);
  assert.equal(new URL(page.url()).pathname, '/console/');
  assert.match(await page.title(), /Boxoffice/);
  await page.locator('a[href="/docs"]').first().click();
  await page.locator('#reader[data-ready]').waitFor();
  // Nobody is signed in, and the browser says so.
  await finish(/^401 for .*\/console\/api\/|status of 401/);
});

test('SIGTERM ends the program with status 0', async () => {
  const { code, signal, log } = await box.stop();
  box = undefined;
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, log);
});
