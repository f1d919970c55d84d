// The console in a real browser, against the real program: a call from a customer by mouse and by
// keyboard alone, a session that ends meanwhile, the set-up of the first owner, what each role sees,
// languages, accessibility of every page, and how much the first page weighs.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { startBox } from './box.mjs';
import { openPage as openInBrowser, startBrowser } from './page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
// What another width or theme can change; all rules are asked of one of each.
const LOOKS = { runOnly: { type: 'rule', values: ['color-contrast', 'target-size', 'scrollable-region-focusable', 'region', 'link-in-text-block'] } };
const FIRST_PAGE_BYTES_MAX = 150_000;
// Nobody is signed in at first, and the browser says so.
const ASKED_FIRST = /^401 for .*\/console\/api\/|status of 401/;
const SHOTS = process.env.BOXOFFICE_SHOTS;

let box;
let browser;
// Somebody who is suspended for what they owe, as the demo has some: one for each call.
let debtors;

before(async () => {
  [box, browser] = await Promise.all([startBox(), startBrowser()]);
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
});

after(async () => {
  await browser?.close();
  await box?.stop();
});

const openPage = (options) => openInBrowser(browser, box.origin, { viewport: { width: 1440, height: 900 }, ...options });

async function signIn(page, path = '/console/', { name, password } = box.login) {
  await page.goto(box.origin + path);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('main#page h1').waitFor();
}

// What the page itself asks, in its session.
const ask = (page, path) => page.evaluate((path) => fetch(path).then((answer) => answer.json()), path);
const tell = (page, path, body) => page.evaluate(([path, body]) => fetch(path, {
  method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', 'x-boxoffice': '1' },
}).then((answer) => answer.status), [path, body]);

async function debtor(page) {
  debtors ??= (await ask(page, '/console/api/customers?status=SUSPENDED_BY_BILLING')).customers;
  return debtors.pop();
}

const shown = (page, text) => page.getByText(text).first().waitFor();

test('a customer calls: found by phone, cannot watch, pays in cash, watches', async () => {
  const { page, finish } = await openPage();
  await signIn(page, '/console/customers');
  const customer = await debtor(page);
  await page.getByRole('button', { name: 'Find anything' }).first().click();
  const find = page.getByRole('dialog', { name: 'Find' });
  // As it is read out: the last digits.
  await find.getByRole('combobox').fill(customer.phone.slice(-8));
  await find.getByRole('option', { name: customer.name }).first().click();
  await page.getByRole('heading', { level: 1, name: customer.name }).waitFor();
  await page.getByRole('heading', { name: 'Cannot watch now' }).waitFor();
  for (const name of ['Plans and packages', 'Boxes', 'Invoices and payments', 'Everything that happened']) {
    await page.getByRole('region', { name }).waitFor();
  }

  await page.getByRole('button', { name: /^Take / }).first().click();
  const dialog = page.getByRole('dialog', { name: `Take a payment from ${customer.name}` });
  const amount = await dialog.getByLabel('Amount').inputValue();
  assert.match(amount, /^\d+\.\d\d$/);
  await dialog.getByRole('region', { name: 'This will' }).getByText(/pay invoice|open /).first().waitFor();
  // What was seen is what is done: the box has booked nothing yet.
  assert.equal((await ask(page, `/console/api/customers/${customer.id}`)).watching.may, false);

  // What is wrong is marked, and what was typed is kept.
  await dialog.getByLabel('Amount').fill('0.001');
  await dialog.locator('[aria-invalid]').waitFor();
  assert.equal(await dialog.getByLabel('Amount').inputValue(), '0.001');
  // One or a thousand: not guessed.
  for (const unclear of ['1,200', '1.200']) {
    await dialog.getByLabel('Amount').fill(unclear);
    await dialog.locator('[aria-invalid]').waitFor();
    assert.equal(await dialog.getByRole('button', { name: /^Take/ }).isEnabled(), false);
    await dialog.getByLabel('Amount').fill('1');
    await dialog.locator('[aria-invalid]').waitFor({ state: 'detached' });
  }
  await dialog.getByLabel('Amount').fill(amount.replace('.', ','));
  await dialog.getByLabel('Reference').fill(`till-${customer.id}`);
  const take = dialog.getByRole('button', { name: new RegExp(`^Take .*${amount}.*open`) });
  await take.waitFor();
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/payment.png` });
  await take.click();
  await page.getByRole('heading', { name: 'May watch now' }).waitFor();
  await page.getByRole('status').filter({ hasText: 'taken' }).waitFor();
  const after = await ask(page, `/console/api/customers/${customer.id}`);
  assert.equal(after.status, 'ACTIVE');
  assert.equal(await dialog.count(), 0);
  await finish(/^40[019] for |status of 40[019]/);
});

test('the same by keyboard alone', async () => {
  const { page, finish } = await openPage();
  await page.goto(`${box.origin}/console/customers`);
  await page.getByLabel('Name').waitFor();
  const keys = page.keyboard;
  await keys.type(box.login.name);
  await keys.press('Tab');
  await keys.type(box.login.password);
  await keys.press('Enter');
  await page.getByRole('table').waitFor();
  const customer = await debtor(page);
  await keys.press('/');
  await page.getByRole('combobox').waitFor();
  await keys.type(customer.phone);
  await page.getByRole('option', { name: customer.name }).first().waitFor();
  await keys.press('Enter');
  await page.getByRole('heading', { level: 1, name: customer.name }).waitFor();
  await page.getByRole('heading', { name: 'Cannot watch now' }).waitFor();
  await keys.press('p');
  await page.getByRole('button', { name: /^Take .* open/ }).waitFor();
  await keys.press('Enter');
  await page.getByRole('heading', { name: 'May watch now' }).waitFor();

  // A dialog leaves with Escape, and the focus is where it was.
  await keys.press('m');
  await page.getByRole('dialog').getByLabel('Text').waitFor();
  await keys.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await keys.press('m');
  await page.getByRole('dialog').getByLabel('Text').waitFor();
  await keys.type('Thank you, it plays again.');
  await keys.press('Tab');
  await keys.press('Tab');
  await keys.press('Enter');
  await page.getByRole('status').filter({ hasText: 'Message sent' }).waitFor();

  // Rows are walked, pages are gone to, and the list of keys says how.
  await keys.press('g');
  await keys.press('c');
  await page.getByRole('heading', { level: 1, name: 'Customers' }).waitFor();
  await page.getByRole('table').waitFor();
  await keys.press('j');
  await keys.press('j');
  const focused = await page.evaluate(() => document.activeElement?.closest('tr')?.rowIndex);
  assert.equal(focused, 2);
  await keys.press('x');
  await shown(page, '1 chosen');
  await keys.press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).getByText('Next row').waitFor();
  await keys.press('Escape');
  await keys.press('n');
  await page.getByRole('dialog', { name: 'New customer' }).waitFor();
  await keys.type('Zoë <b>Ünal</b>');
  await keys.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Zoë <b>Ünal</b>' }).waitFor();
  await finish(ASKED_FIRST);
});

test('a session that ends asks for the password in place, and goes on', async () => {
  const { page, finish } = await openPage();
  await signIn(page, '/console/customers');
  const customer = await debtor(page);
  await page.goto(`${box.origin}/console/customers/${customer.id}?do=pay`);
  const dialog = page.getByRole('dialog', { name: /^Take a payment/ });
  await dialog.getByRole('button', { name: /^Take / }).waitFor();
  await dialog.getByLabel('Reference').fill('kept');
  await page.context().clearCookies();
  await dialog.getByLabel('Amount').fill('1');
  const again = page.getByRole('dialog', { name: 'Your session is over' });
  await again.getByLabel('Password').fill('not this');
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.getByText('This is not your password').waitFor();
  await again.getByLabel('Password').fill(box.login.password);
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.waitFor({ state: 'detached' });
  assert.equal(await dialog.getByLabel('Reference').inputValue(), 'kept');
  await dialog.getByRole('button', { name: /^Take \$1\.00$/ }).click();
  await page.getByRole('status').filter({ hasText: '$1.00 taken' }).waitFor();
  await finish(ASKED_FIRST);
});

test('the first owner is made on a page that ends signed in', async () => {
  const empty = await startBox({ demo: false });
  try {
    const { page, finish } = await openInBrowser(browser, empty.origin, {});
    await page.goto(empty.setup);
    await page.getByRole('heading', { name: 'Set up Boxoffice' }).waitFor();
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill('password');
    await page.getByRole('button', { name: 'Create the account' }).click();
    // A password that everybody tries first is refused at its field.
    await page.locator('input[aria-invalid][name=password]').waitFor();
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    await page.getByRole('heading', { level: 1, name: 'Today' }).waitFor();
    // Empty pages teach.
    await page.getByRole('link', { name: 'Customers' }).first().click();
    await shown(page, 'No customers yet');
    await page.goto(empty.setup);
    await page.getByRole('heading', { name: 'This link is no longer valid' }).waitFor();
    await finish(/^40[03] for |status of 40[03]/);
  } finally {
    assert.equal((await empty.stop()).code, 0);
  }
});

test('a role sees what it may do, and nothing else', async () => {
  const { page, finish } = await openPage();
  await signIn(page);
  const password = 'a cashier of the demo';
  const made = await tell(page, '/console/api/staff', { name: 'kim', role: 'cashier', new_password: password });
  assert.equal(made, 201);
  const cashier = await openPage();
  await signIn(cashier.page, '/console/customers', { name: 'kim', password });
  const links = await cashier.page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts();
  assert.deepEqual(links, ['Today', 'Customers', 'Tonight', 'Orders', 'Invoices', 'Payments', 'Vouchers', 'Messages']);
  await cashier.page.goto(`${box.origin}/console/staff`);
  await cashier.page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor();
  await cashier.page.goto(`${box.origin}/console/customers`);
  await cashier.page.getByRole('table').waitFor();
  assert.equal(await cashier.page.getByRole('button', { name: 'New customer' }).count(), 0);
  await cashier.finish(ASKED_FIRST);
  await finish(ASKED_FIRST);
});

test('each number of Today leads to as many rows', async () => {
  const { page, finish } = await openPage();
  await signIn(page);
  const figures = page.getByRole('list', { name: 'Figures' }).getByRole('link');
  await figures.first().waitFor();
  for (let at = 0; at < (await figures.count()); at += 1) {
    const number = await figures.nth(at).locator('b').innerText();
    const isMoney = (await figures.nth(at).getAttribute('href')) === '/console/revenue';
    await figures.nth(at).click();
    if (isMoney) {
      // The newest day is the figure.
      await page.getByRole('heading', { level: 1, name: 'Monthly revenue' }).waitFor();
      await page.getByRole('row').nth(1).getByText(number, { exact: true }).waitFor();
      await page.goBack();
      await figures.first().waitFor();
      continue;
    }
    await page.getByRole('heading', { level: 1, name: 'Customers' }).waitFor();
    await page.getByText(new RegExp(`^${number} customers?$`)).waitFor();
    await page.goBack();
    await figures.first().waitFor();
  }
  await finish(ASKED_FIRST);
});

test('it speaks Ukrainian, and can be mirrored', async () => {
  const { page, finish } = await openPage({ viewport: { width: 360, height: 740 } });
  await signIn(page);
  await page.goto(`${box.origin}/console/customers?lang=uk`);
  await page.getByRole('heading', { level: 1, name: 'Клієнти' }).waitFor();
  await page.goto(`${box.origin}/console/tonight?lang=ar-XB`);
  await page.getByRole('table').first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dir), 'rtl');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'wider than the screen');
  await finish(ASKED_FIRST);
});

test('the first page is light', async () => {
  const { page, finish } = await openPage();
  const seen = [];
  page.on('response', (answer) => { if (/\/console\/assets\/.*\.(js|css)$/.test(answer.url())) seen.push(answer); });
  await signIn(page, '/console/customers');
  await page.getByRole('table').waitFor();
  let bytes = 0;
  for (const answer of seen) {
    assert.equal(answer.headers()['content-encoding'], 'gzip', answer.url());
    bytes += (await answer.request().sizes()).responseBodySize;
  }
  console.log(`first page: ${bytes} bytes of JS and CSS`);
  assert.ok(bytes > 20_000 && bytes <= FIRST_PAGE_BYTES_MAX, `${bytes} bytes`);
  await finish(ASKED_FIRST);
});

async function violations(page, rules) {
  const found = await page.evaluate((rules) => window.axe.run(document, rules), rules);
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id} (${help}): ${node.target.join(' ')}: ${node.failureSummary}`));
}

test('every page can be used by everybody, in both themes, on a phone and at a desk', async () => {
  const { page, finish } = await openPage();
  await page.goto(`${box.origin}/console/`);
  await page.getByLabel('Name').waitFor();
  const problems = [];
  async function look(name) {
    await page.evaluate(AXE);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      for (const width of [360, 768, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        const at = `${name} ${colorScheme} ${width}`;
        if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) problems.push(`${at}: wider than the screen`);
        problems.push(...(await violations(page, ['light 360', 'light 1440'].includes(`${colorScheme} ${width}`) ? RULES : LOOKS)).map((text) => `${at}: ${text}`));
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name.replaceAll(/[^a-z0-9]+/gi, '-')}-${colorScheme}-${width}.png` });
      }
    }
  }
  await look('sign-in');
  await signIn(page);
  const { customers } = await ask(page, '/console/api/customers?status=SUSPENDED_BY_BILLING');
  const of = `customers/${customers.find((one) => one.boxes).id}`;
  const pages = [
    '', 'customers', of, `${of}?do=pay`, 'customers?do=find', 'customers?do=new-customer', 'tonight?hours=168',
    'revenue', 'vouchers', 'vouchers?do=make', 'partners', 'messages', 'webhooks', 'health', 'staff', 'staff?do=add', 'audit',
  ];
  for (const path of pages) {
    await page.goto(`${box.origin}/console/${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
    await page.waitForLoadState('networkidle');
    await look(path || 'today');
  }
  assert.deepEqual(problems, []);
  await finish(ASKED_FIRST);
});

test('what the desk does every day: a customer, a box, a plan, money back, and what is cut off', async () => {
  const { page, finish } = await openPage();
  await signIn(page, '/console/customers');
  const menu = async (button, item) => {
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('menuitem', { name: item, exact: true }).click();
  };
  const dialog = page.getByRole('dialog');
  // The last button of a dialog, once the box has said what it will do.
  const act = async (button, said) => {
    await dialog.getByRole('button', { name: button }).click();
    await page.getByRole('status').filter({ hasText: said }).last().waitFor();
    await dialog.waitFor({ state: 'detached' });
  };
  await page.getByRole('button', { name: 'New customer' }).first().click();
  await dialog.getByLabel('Name').fill('Olha Desk');
  await dialog.getByLabel('Phone').fill('+380 50 555 01 48');
  await act('Create the customer', 'Olha Desk created');
  await page.getByRole('heading', { level: 1, name: 'Olha Desk' }).waitFor();
  await shown(page, 'Nothing was ordered.');

  await page.getByRole('region', { name: 'Boxes' }).getByRole('button', { name: 'Add a box' }).first().click();
  await dialog.getByLabel('MAC').fill('001a.79aa.bb01');
  await act('Add the box', '00:1A:79:AA:BB:01 added');

  await page.getByRole('button', { name: 'Take a payment' }).first().click();
  await dialog.getByLabel('Amount').fill('50');
  await act('Take $50.00', '$50.00 taken');
  await page.getByRole('button', { name: 'Add a plan' }).first().click();
  await dialog.getByLabel('What').selectOption({ label: 'Start, monthly, $9.99 every month' });
  await dialog.getByRole('region', { name: 'This will' }).getByText('begin Start, monthly').waitFor();
  await act('Place Start, monthly', 'Order placed');
  await page.getByRole('heading', { name: 'May watch now' }).waitFor();

  const order = (title) => new RegExp(`^Actions for ${title}`);
  await menu(order('Start'), 'Pause');
  await act('Pause Start', 'paused');
  await page.getByRole('heading', { name: 'Cannot watch now' }).waitFor();
  await menu(order('Start'), 'Resume');
  await act('Resume Start', 'runs again');
  await menu(order('Start'), 'Renew now');
  await act('Renew Start', 'renewed');
  await menu(order('Start'), 'Change plan');
  await dialog.getByLabel('What').selectOption({ label: 'Family, monthly, $14.99 every month' });
  await act('Change to Family', 'Plan changed');
  await menu(order('Family'), 'End');
  await dialog.getByLabel('What becomes of paid days').selectOption({ label: 'Unused days go to the balance' });
  await act('End Family', 'ended');

  await menu('Actions for Payment', 'Refund');
  await dialog.getByLabel('Amount').fill('5');
  await act('Refund $5.00', '$5.00 given back');

  const box = 'Actions for 00:1A:79:AA:BB:01';
  await menu(box, 'Cut off');
  await act('Cut off', 'Cut off:');
  await menu(box, 'Cut on again');
  await act('Cut on', 'Cut on:');
  await menu(box, 'Remove the box');
  await act('Remove 00:1A', 'removed');
  await shown(page, 'No box');
  await menu('More actions', 'Edit details');
  await dialog.getByLabel('Note').fill('Calls on Fridays.');
  await act('Save', 'Saved');
  await shown(page, 'Calls on Fridays.');
  await finish(ASKED_FIRST);
});

test('what an owner does now and then: vouchers, staff, tokens, webhooks', async () => {
  const { page, finish } = await openPage();
  await signIn(page, '/console/vouchers');
  const dialog = page.getByRole('dialog');
  const done = (said) => page.getByRole('status').filter({ hasText: said }).last().waitFor();
  await page.getByRole('button', { name: 'Make vouchers' }).first().click();
  await dialog.getByLabel('Title').fill('Corner shop');
  await dialog.getByLabel('Worth').fill('10');
  await dialog.getByLabel('How many').fill('3');
  await dialog.getByRole('button', { name: 'Make 3 vouchers of $10.00' }).click();
  const codes = (await page.getByRole('dialog', { name: 'Codes of Corner shop' }).getByRole('textbox').inputValue()).split('\n');
  assert.equal(codes.length, 3);
  await dialog.getByRole('button', { name: 'Close' }).click();

  const { customers } = await ask(page, '/console/api/customers?status=ACTIVE');
  await page.goto(`${box.origin}/console/customers/${customers[0].id}?do=voucher`);
  await dialog.getByLabel('Code').fill(codes[0]);
  await dialog.getByLabel('Code').press('Tab');
  await dialog.getByRole('region', { name: 'This will' }).getByText('balance').waitFor();
  await dialog.getByRole('button', { name: 'Redeem' }).click();
  await done('Voucher redeemed');

  await page.goto(`${box.origin}/console/staff?do=add`);
  await dialog.getByLabel('Name').fill('lee');
  await dialog.getByLabel('Their password').fill('a password of lee');
  await dialog.getByRole('button', { name: 'Add somebody' }).click();
  await done('lee added');
  await page.getByRole('button', { name: 'Actions for lee' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await shown(page, 'End their sign-ins, and nothing else');
  await dialog.getByRole('textbox').fill('lee');
  await dialog.getByRole('button', { name: 'Remove lee' }).click();
  await done('lee removed');
  await page.getByRole('button', { name: 'Make a token' }).first().click();
  await dialog.getByLabel('Name').fill('script');
  await dialog.getByRole('button', { name: 'Make a token' }).click();
  assert.match(await page.getByRole('dialog', { name: 'Token script' }).getByRole('textbox').inputValue(), /^ey/);
  await dialog.getByRole('button', { name: 'Close' }).click();

  await page.goto(`${box.origin}/console/webhooks?do=add`);
  await dialog.getByLabel('Address').fill('https://billing.example.com/events');
  await dialog.getByRole('button', { name: 'Add a webhook' }).click();
  await page.getByRole('dialog', { name: 'The secret of https://billing.example.com/events' }).waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('link', { name: 'https://billing.example.com/events' }).click();
  await shown(page, 'Nothing was told');
  await finish(ASKED_FIRST);
});
