// The console's lists in a real browser, against the real program: orders and invoices by mouse and by
// keyboard alone, their filters in the address, their files, empty boxes, and accessibility.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { startBox } from './box.mjs';
import { openPage as openInBrowser, startBrowser } from './page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
// Nobody is signed in at first, and the browser says so.
const ASKED_FIRST = /^401 for .*\/console\/api\/|status of 401/;
const SHOTS = process.env.BOXOFFICE_SHOTS;

let box;
let browser;

before(async () => {
  [box, browser] = await Promise.all([startBox(), startBrowser()]);
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
});

after(async () => {
  await browser?.close();
  await box?.stop();
});

const openPage = (options) => openInBrowser(browser, box.origin, { viewport: { width: 1440, height: 900 }, ...options });

async function signIn(page, path) {
  await page.goto(box.origin + path);
  await page.getByLabel('Name').fill(box.login.name);
  await page.getByLabel('Password').fill(box.login.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('main#page h1').waitFor();
}

// What the page itself asks, in its session.
const ask = (page, path) => page.evaluate((path) => fetch(path).then((answer) => answer.json()), path);
const tell = (page, path, body) => page.evaluate(([path, body]) => fetch(path, {
  method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', 'x-boxoffice': '1' },
}).then((answer) => answer.status), [path, body]);

const counted = (page, noun) => page.locator('main').getByText(new RegExp(`^[\\d,.\\u202f\\u00a0]+ ${noun}s?$`));
const numberIn = async (place) => Number((await place.innerText()).replaceAll(/[^0-9]/g, ''));
const filters = (page) => page.getByRole('toolbar', { name: 'Filters' });

// The file that a click brings, in rows without their head.
async function file(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export as CSV' }).click()]);
  const text = readFileSync(await download.path(), 'utf8');
  return { name: download.suggestedFilename(), rows: text.trim().split('\r\n').slice(1) };
}

test('orders by mouse: every filter counts what it lists, and a link shows a colleague the same', async () => {
  const { page, finish } = await openPage({ acceptDownloads: true });
  await signIn(page, '/console/orders');
  await page.getByRole('table', { name: 'Orders' }).waitFor();
  const all = await numberIn(counted(page, 'order'));
  assert.equal((await ask(page, '/console/api/orders')).count, all);

  // Each chip has the count of its rows.
  const chips = filters(page).locator('[aria-pressed]');
  assert.ok((await chips.count()) > 1);
  for (let at = 0; at < (await chips.count()); at += 1) {
    const chip = chips.nth(at);
    const number = (await chip.locator('.count').innerText()).trim();
    await chip.click();
    await page.getByText(new RegExp(`^${number} orders?$`)).waitFor();
    assert.equal(await chip.getAttribute('aria-pressed'), 'true');
    assert.match(page.url(), /[?&]status=[A-Z]+/);
    await chip.click();
    await page.getByText(`${all} orders`, { exact: true }).waitFor();
  }

  // What is due this week, and the file of it.
  await filters(page).getByRole('button', { name: 'Due' }).click();
  await page.getByRole('menuitem', { name: 'Next 7 days' }).click();
  await filters(page).getByRole('button', { name: /^Due: / }).waitFor();
  await page.waitForFunction((all) => !document.body.innerText.includes(`${all} orders`), all);
  const due = await numberIn(counted(page, 'order'));
  assert.ok(due > 0 && due < all, `${due} of ${all}`);
  const week = await file(page);
  assert.equal(week.name, 'orders.csv');
  assert.equal(week.rows.length, due);
  const address = page.url();
  await page.goto(address);
  await page.getByText(`${due} orders`, { exact: true }).waitFor();

  // Other days, in a dialog that Back does not bring again.
  await filters(page).getByRole('button', { name: /^Due/ }).click();
  await page.getByRole('menuitem', { name: 'Other days' }).click();
  const dialog = page.getByRole('dialog', { name: 'Orders with something due' });
  await dialog.getByLabel('First day').fill('2030-01-02');
  await dialog.getByLabel('Last day').fill('2030-01-01');
  await dialog.getByText('must not lie before the first day').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Show these days' }).isEnabled(), false);
  await dialog.getByLabel('Last day').fill('2040-01-01');
  await dialog.getByRole('button', { name: 'Show these days' }).click();
  await page.getByText('No order is like this').waitFor();
  await page.goBack();
  await page.getByText(`${due} orders`, { exact: true }).waitFor();
  assert.equal(await dialog.count(), 0);

  // How they stand, and of which plan; both together.
  await filters(page).getByRole('button', { name: /^Due/ }).click();
  await page.getByRole('menuitem', { name: 'At any time' }).click();
  await page.getByText(`${all} orders`, { exact: true }).waitFor();
  await filters(page).getByRole('button', { name: 'Standing' }).click();
  const item = page.getByRole('menuitem', { name: /^Frozen for debt \(/ });
  const frozen = await numberIn(item);
  await item.click();
  await page.getByText(new RegExp(`^${frozen} orders?$`)).waitFor();
  await filters(page).getByRole('button', { name: 'Plan' }).click();
  const plans = page.getByRole('menuitem');
  await plans.first().waitFor();
  let sum = 0;
  const names = await plans.allInnerTexts();
  for (const name of names) {
    await page.getByRole('menuitem', { name, exact: true }).click();
    await filters(page).getByRole('button', { name: `Plan: ${name}` }).waitFor();
    const query = new URL(page.url()).search;
    const { count } = await ask(page, `/console/api/orders${query}`);
    await page.getByText(new RegExp(`^${count} orders?$`)).waitFor();
    sum += count;
    await filters(page).getByRole('button', { name: `Plan: ${name}` }).click();
  }
  assert.equal(sum, frozen);
  await page.keyboard.press('Escape');

  // Pages go on and back, and a click on a row leads to the customer.
  await page.goto(`${box.origin}/console/orders`);
  const table = page.getByRole('table', { name: 'Orders' });
  await table.waitFor();
  const first = await table.locator('tbody tr').first().innerText();
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await page.waitForFunction((first) => document.querySelector('tbody tr')?.innerText !== first, first);
  await page.getByRole('button', { name: 'Previous' }).click();
  await page.waitForFunction((first) => document.querySelector('tbody tr')?.innerText === first, first);
  const name = await table.locator('tbody tr a').first().innerText();
  await table.locator('tbody tr').first().getByRole('cell').nth(2).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await finish(ASKED_FIRST);
});

test('invoices by mouse: what is open and overdue, the paper, the file', async () => {
  const { page, finish } = await openPage({ acceptDownloads: true });
  await signIn(page, '/console/invoices');
  const table = page.getByRole('table', { name: 'Invoices' });
  await table.waitFor();
  const all = await numberIn(counted(page, 'invoice'));

  // One that is not paid: an order at its word.
  const { customers } = await ask(page, '/console/api/customers?status=ACTIVE&limit=1');
  const offers = await ask(page, '/console/api/offers');
  const offer = offers.find((one) => one.price && one.price !== '0.00');
  assert.equal(await tell(page, `/console/api/customers/${customers[0].id}/orders`, { offer: offer.id }), 201);
  await page.reload();
  await page.getByText(`${all + 1} invoices`.replace(/\B(?=(\d{3})+ )/, ','), { exact: true }).waitFor();
  const row = table.locator('tbody tr').first();
  await row.getByText('Unpaid').waitFor();
  const chip = filters(page).getByRole('button', { name: /^Unpaid/ });
  await chip.click();
  await page.getByText('1 invoice', { exact: true }).waitFor();
  assert.match(page.url(), /status=OPEN/);
  const { name, rows } = await file(page);
  assert.equal(name, 'invoices.csv');
  assert.equal(rows.length, 1);
  assert.match(rows[0], /,OPEN,/);
  await chip.click();

  // Every part counts its rows, and the parts are the whole.
  const figures = await ask(page, '/console/api/invoices/figures');
  assert.equal(figures.open + figures.settled + figures.credit_notes, figures.all);
  await filters(page).getByRole('button', { name: 'Issued' }).click();
  await page.getByRole('menuitem', { name: 'This month' }).click();
  await filters(page).getByRole('button', { name: /^Issued: / }).waitFor();
  const { count } = await ask(page, `/console/api/invoices${new URL(page.url()).search}`);
  await page.getByText(new RegExp(`^${count} invoices?$`)).waitFor();

  // The paper, as it is printed; the number is the link.
  await page.goto(`${box.origin}/console/invoices?status=OPEN`);
  await row.waitFor();
  const number = await row.getByRole('link').first().innerText();
  const [paper] = await Promise.all([page.waitForEvent('popup'), row.getByRole('link', { name: number }).click()]);
  await paper.waitForLoadState();
  assert.match(paper.url(), new RegExp(`/console/api/invoices/\\d+\\.html$`));
  assert.ok((await paper.locator('body').innerText()).includes(number));
  await paper.close();
  const pdf = await page.evaluate((url) => fetch(url).then((answer) => answer.headers.get('content-type')), `/console/api/invoices/${number}.pdf`);
  assert.equal(pdf, 'application/pdf');
  await row.getByRole('button', { name: `Actions for ${number}` }).click();
  await page.getByRole('menuitem', { name: 'To the customer' }).click();
  await page.getByRole('region', { name: 'Invoices and payments' }).waitFor();
  await finish(ASKED_FIRST);
});

test('both by keyboard alone', async () => {
  const { page, finish } = await openPage();
  await page.goto(`${box.origin}/console/`);
  await page.getByLabel('Name').waitFor();
  const keys = page.keyboard;
  await keys.type(box.login.name);
  await keys.press('Tab');
  await keys.type(box.login.password);
  await keys.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Today' }).waitFor();
  await keys.press('g');
  await keys.press('o');
  await page.getByRole('heading', { level: 1, name: 'Orders' }).waitFor();
  await page.getByRole('table', { name: 'Orders' }).waitFor();
  // From the name of the page to the first filter, and what it shows.
  await filters(page).locator('[aria-pressed]').first().waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  await keys.press('Tab');
  await keys.press('Tab');
  await page.waitForFunction(() => document.activeElement?.closest('[role=toolbar]'));
  await keys.press('Enter');
  await page.waitForFunction(() => location.search === '?status=ACTIVE');
  // On to the menu of what is due.
  for (let at = 0; at < 12; at += 1) {
    if (await page.evaluate(() => document.activeElement?.textContent?.trim().startsWith('Due'))) break;
    await keys.press('Tab');
  }
  await keys.press('Enter');
  await page.getByRole('menuitem', { name: 'Today' }).waitFor();
  await keys.press('ArrowDown');
  await keys.press('ArrowDown');
  await keys.press('Enter');
  await page.waitForFunction(() => /due_since=/.test(location.search) && !/status=/.test(location.search));
  await keys.press('g');
  await keys.press('o');
  await page.waitForFunction(() => location.search === '');
  await page.getByRole('table', { name: 'Orders' }).waitFor();
  await keys.press('j');
  await keys.press('j');
  const name = await page.evaluate(() => document.activeElement?.textContent);
  assert.equal(await page.evaluate(() => document.activeElement?.closest('tr')?.rowIndex), 2);
  await keys.press('Enter');
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await keys.press('g');
  await keys.press('i');
  await page.getByRole('heading', { level: 1, name: 'Invoices' }).waitFor();
  await page.getByRole('table', { name: 'Invoices' }).waitFor();
  await keys.press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).getByText('Invoices').waitFor();
  await keys.press('Escape');
  await finish(ASKED_FIRST);
});

test('a new box: empty lists teach', async () => {
  const empty = await startBox({ demo: false });
  try {
    const { page, finish } = await openInBrowser(browser, empty.origin, {});
    await page.goto(empty.setup);
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    for (const [link, text] of [['Orders', 'No orders yet'], ['Invoices', 'No invoices yet']]) {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: link }).click();
      await page.getByText(text).waitFor();
      assert.equal(await page.getByRole('link', { name: 'Export as CSV' }).count(), 0);
      await axe(page, `empty ${link}`);
    }
    await finish(ASKED_FIRST);
  } finally {
    assert.equal((await empty.stop()).code, 0);
  }
});

async function axe(page, name) {
  await page.evaluate(AXE);
  const problems = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [375, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const at = `${name} ${colorScheme} ${width}`;
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) problems.push(`${at}: wider than the screen`);
      const found = await page.evaluate((rules) => window.axe.run(document, rules), RULES);
      problems.push(...found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${at}: ${id}: ${node.target.join(' ')}: ${node.failureSummary}`)));
      if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name.replaceAll(/[^a-z0-9]+/gi, '-')}-${colorScheme}-${width}.png` });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1440, height: 900 });
  assert.deepEqual(problems, []);
}

test('the lists can be used by everybody, in both themes, on a phone and at a desk', async () => {
  const { page, finish } = await openPage();
  await signIn(page, '/console/orders');
  for (const path of ['orders', 'orders?standing=FROZEN', 'orders?do=days', 'orders?due_since=2040-01-01', 'invoices', 'invoices?status=OPEN']) {
    await page.goto(`${box.origin}/console/${path}`);
    await page.locator(path.includes('do=') ? 'dialog' : 'table, .empty').first().waitFor();
    await axe(page, path);
  }
  await page.goto(`${box.origin}/console/orders`);
  await filters(page).getByRole('button', { name: 'Plan' }).click();
  await page.getByRole('menuitem').first().waitFor();
  await axe(page, 'orders menu');
  await finish(ASKED_FIRST);
});
