// The doors of the console in a real browser: a second factor set up, asked for and lost, a role that
// needs one, sign-ins ended from elsewhere, a password changed, and what is asked once more in place
// before much is moved.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { startBox } from './box.mjs';
import { openPage as openInBrowser, startBrowser } from './page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
const SHOTS = process.env.BOXOFFICE_SHOTS;
// What a test brings about on purpose: nobody is signed in at first, codes and passwords are asked for.
const ASKED = /^(401|403) for .*\/console\/api\/|status of (401|403)/;

let box;
let browser;

before(async () => {
  // Its clock is moved by hand: a proof is good for five minutes, a code for half of one.
  [box, browser] = await Promise.all([startBox({ more: ['--test-clock', '2026-12-01T10:00:00Z'] }), startBrowser()]);
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
});

after(async () => {
  await browser?.close();
  await box?.stop();
});

const openPage = (origin = box.origin, options = {}) => openInBrowser(browser, origin, { viewport: { width: 1440, height: 900 }, ...options });

// RFC 6238 by hand: what an app with this secret shows at that time.
function totp(secret, at) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', key).update(step).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

const ask = (page, path, wish = {}) => page.evaluate(([path, wish]) => fetch(path, {
  ...wish, ...(wish.body ? { body: JSON.stringify(wish.body) } : {}), headers: { 'content-type': 'application/json', 'x-boxoffice': '1' },
}).then(async (answer) => ({ status: answer.status, body: await answer.json().catch(() => null) })), [path, wish]);

// What time it is in the box.
let token;
async function later(seconds, of = box) {
  token ??= await of.run('token', 'create', '--name', 'clock', '--role', 'manager');
  const answer = await fetch(`${of.origin}/console/api/test-clock`, {
    method: 'POST', body: JSON.stringify({ advance_seconds: seconds }), headers: { authorization: `JWT ${token}` },
  });
  assert.equal(answer.status, 200, await answer.text());
}
const code = async (page, secret) => {
  const { body } = await ask(page, '/console/api/session');
  return totp(secret, Date.parse(body.now));
};
// A sign-in tells nobody the time: the box's is that of the last page that was signed in.
let boxNow = 0;
const noteTime = async (page) => { boxNow = Date.parse((await ask(page, '/console/api/session')).body.now); };

async function fillIn(page, { name, password }) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function signIn(page, login, path = '/console/me') {
  await page.goto(box.origin + path);
  await fillIn(page, login);
  await page.locator('main#page h1').waitFor();
}

async function addStaff(name, role) {
  const { page, finish } = await openPage();
  await signIn(page, box.login);
  const password = 'sunny-harbour-4417';
  const made = await ask(page, '/console/api/staff', { method: 'POST', body: { name, role, new_password: password, password: box.login.password } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await finish(ASKED);
  return { name, password };
}

async function clean(page, name) {
  await page.evaluate(AXE);
  for (const theme of ['light', 'dark']) {
    await page.evaluate((theme) => { document.documentElement.dataset.theme = theme; }, theme);
    const found = await page.evaluate((rules) => window.axe.run(document, rules), RULES);
    assert.deepEqual(found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`), [], `${name}, ${theme}`);
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/doors-${name}-${theme}.png`, fullPage: true });
  }
  await page.evaluate(() => { delete document.documentElement.dataset.theme; });
}

// Sets a second factor up on the page that is open. Answers its secret and the recovery codes.
async function setUp(page, shot) {
  await page.getByRole('img', { name: 'For the authenticator app to scan' }).waitFor();
  const secret = (await page.locator('code').first().innerText()).replaceAll(' ', '');
  assert.match(secret, /^[A-Z2-7]{32}$/);
  if (shot) await clean(page, shot);
  await page.getByLabel('Code').fill('12');
  await page.getByRole('button', { name: 'Switch it on' }).click();
  await page.locator('[aria-invalid]').waitFor();
  await page.getByLabel('Code').fill(await code(page, secret));
  await page.getByRole('button', { name: 'Switch it on' }).click();
  const codes = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
  await codes.first().waitFor();
  assert.equal(await codes.count(), 10);
  if (shot) await clean(page, `${shot}-codes`);
  return { secret, codes: await codes.allInnerTexts() };
}

test('a second factor is set up, asked for at the next sign-in, and replaced by a recovery code', async () => {
  const sam = await addStaff('sam', 'support');
  const { page, finish } = await openPage();
  await signIn(page, sam, '/console/');
  await page.getByRole('button', { name: 'You and this page' }).click();
  await page.getByRole('menuitem', { name: 'Your sign-in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Your sign-in' }).waitFor();
  for (const name of ['Password', 'Second factor', 'Where you are signed in']) await page.getByRole('region', { name }).waitFor();
  await clean(page, 'me');
  await page.getByRole('button', { name: 'Set up a second factor' }).click();
  const { secret, codes } = await setUp(page, 'set-up');
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('10 recovery codes left').waitFor();
  await noteTime(page);

  await page.getByRole('button', { name: 'You and this page' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await later(60);
  await page.goto(`${box.origin}/console/customers`);
  await fillIn(page, sam);
  await page.getByLabel('Code').waitFor();
  await clean(page, 'second-step');
  await page.getByLabel('Code').fill('000000');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('[aria-invalid]').waitFor();
  await page.getByLabel('Code').fill(totp(secret, boxNow + 60_000));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  // The page that was asked for.
  await page.getByRole('heading', { level: 1, name: 'Customers' }).waitFor();

  await page.getByRole('button', { name: 'You and this page' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.goto(`${box.origin}/console/me`);
  await fillIn(page, sam);
  await page.getByLabel('Code').fill(codes[4]);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('9 recovery codes left').waitFor();

  // Other codes in their place, and off again: that takes the password.
  await page.getByRole('button', { name: 'New recovery codes' }).click();
  await page.getByRole('dialog', { name: 'Make new recovery codes' }).getByRole('button', { name: 'New recovery codes' }).click();
  await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').first().waitFor();
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('10 recovery codes left').waitFor();
  await page.getByRole('button', { name: 'Switch it off' }).click();
  const off = page.getByRole('dialog', { name: 'Switch the second factor off' });
  await off.getByLabel('Password').fill('not his at all');
  await off.getByRole('button', { name: 'Switch it off' }).click();
  await off.locator('[aria-invalid]').waitFor();
  await off.getByLabel('Password').fill(sam.password);
  await off.getByRole('button', { name: 'Switch it off' }).click();
  await page.getByRole('button', { name: 'Set up a second factor' }).waitFor();
  await finish(ASKED);
});

test('a session that ends asks for the code in place, and work goes on', async () => {
  const rita = await addStaff('rita', 'support');
  const { page, finish } = await openPage();
  await signIn(page, rita);
  await page.getByRole('button', { name: 'Set up a second factor' }).click();
  const { secret } = await setUp(page);
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await noteTime(page);
  await page.goto(`${box.origin}/console/customers`);
  await page.getByRole('heading', { level: 1, name: 'Customers' }).waitFor();
  await later(60);
  await ask(page, '/console/api/session', { method: 'DELETE' });
  await page.keyboard.press('n');
  const dialog = page.getByRole('dialog').filter({ has: page.getByLabel('Name') });
  await dialog.getByLabel('Name').fill('Nora Ness');
  await dialog.getByRole('button', { name: 'Create the customer' }).click();
  const again = page.getByRole('dialog', { name: 'Your session is over' });
  await again.getByLabel('Password').fill(rita.password);
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.getByLabel('Code').fill(totp(secret, boxNow + 60_000));
  await again.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Nora Ness' }).waitFor();
  await finish(ASKED);
});

test('sign-ins are seen and ended from elsewhere; a new password ends the others', async () => {
  const kim = await addStaff('kim', 'support');
  const desk = await openPage();
  await signIn(desk.page, kim);
  const phone = await openPage(box.origin, { viewport: { width: 375, height: 720 } });
  await signIn(phone.page, kim);
  await clean(phone.page, 'me-phone');
  const rows = phone.page.getByRole('table', { name: 'Where you are signed in' }).getByRole('row');
  assert.equal(await rows.count(), 3, 'a head and two sign-ins');
  await phone.page.getByText('this one', { exact: true }).waitFor();
  await phone.page.getByRole('button', { name: /^End the sign-in of kim with Chrome/ }).click();
  await phone.page.getByText('Sign-in ended').waitFor();
  assert.equal((await ask(desk.page, '/console/api/me')).status, 401);
  assert.equal(await rows.count(), 2);

  await desk.page.goto(`${box.origin}/console/me`);
  await fillIn(desk.page, kim);
  await desk.page.getByRole('button', { name: 'Change the password' }).click();
  const dialog = desk.page.getByRole('dialog', { name: 'Change your password' });
  await dialog.getByLabel('Present password').fill('not hers at all');
  await dialog.getByLabel('New password').fill('quite another one');
  await dialog.getByRole('button', { name: 'Change the password' }).click();
  await dialog.locator('[aria-invalid]').waitFor();
  await dialog.getByLabel('Present password').fill(kim.password);
  await dialog.getByRole('button', { name: 'Change the password' }).click();
  await desk.page.getByText('Password changed').waitFor();
  assert.equal((await ask(phone.page, '/console/api/me')).status, 401);

  // An owner sees everybody, and ends one.
  const owner = await openPage();
  await signIn(owner.page, box.login, '/console/staff');
  await owner.page.getByRole('region', { name: 'Signed in now' }).waitFor();
  await owner.page.getByRole('button', { name: /^End the sign-in of kim/ }).click();
  await owner.page.getByText('Sign-in ended').waitFor();
  assert.equal((await ask(desk.page, '/console/api/me')).status, 401);
  await clean(owner.page, 'staff');
  for (const one of [desk, phone, owner]) await one.finish(ASKED);
});

test('a large refund and a removal are asked for once more in place, then they go on', async () => {
  const max = await addStaff('max', 'manager');
  const { page, finish } = await openPage();
  await signIn(page, max);
  const { body: list } = await ask(page, '/console/api/customers?status=ACTIVE&limit=1');
  const customer = list.customers[0];
  const money = { method: 'POST', body: { amount: '500.00', method: 'cash' } };
  const paid = await ask(page, `/console/api/customers/${customer.id}/payments`, money);
  assert.equal(paid.status, 201);
  await later(301);

  await page.goto(`${box.origin}/console/customers/${customer.id}?do=refund&of=${paid.body.id}`);
  const refund = page.getByRole('dialog', { name: `Refund` });
  await refund.getByLabel('Amount').fill('250.00');
  await refund.getByRole('button', { name: /^Refund/ }).click();
  const once = page.getByRole('dialog', { name: 'Your password once more' });
  await clean(page, 'once-more');
  await once.getByLabel('Password').fill('not his at all');
  await once.getByRole('button', { name: 'Continue' }).click();
  await once.locator('[aria-invalid]').waitFor();
  await once.getByLabel('Password').fill(max.password);
  await once.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('dialog').first().waitFor({ state: 'detached' });
  const { body: moved } = await ask(page, `/console/api/customers/${customer.id}/payments`);
  assert.ok(moved.some((one) => one.kind === 'REFUND' && one.amount === '250.00'));

  // With a second factor the code is asked for in the place of the password.
  await page.goto(`${box.origin}/console/me`);
  await page.getByRole('button', { name: 'Set up a second factor' }).click();
  const { secret } = await setUp(page);
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await later(301);
  await page.goto(`${box.origin}/console/customers/${customer.id}`);
  await page.getByRole('button', { name: 'More' }).first().click();
  await page.getByRole('menuitem', { name: 'Remove the customer' }).click();
  const leave = page.getByRole('dialog', { name: `Remove ${customer.name}` });
  await leave.getByLabel(/^Type the name/).fill(customer.name);
  await leave.getByRole('region', { name: 'This will' }).getByRole('listitem').first().waitFor();
  await clean(page, 'remove');
  await leave.getByRole('button', { name: `Remove ${customer.name}` }).click();
  const shown = page.getByRole('dialog', { name: 'A code of your authenticator' });
  await shown.getByLabel('Code').fill(await code(page, secret));
  await shown.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { level: 1, name: 'Customers' }).waitFor();
  assert.equal((await ask(page, `/console/api/customers/${customer.id}`)).status, 404);
  await finish(/^(401|403|404) for .*\/console\/api\/|status of (401|403|404)/);
});

test('a role that needs a second factor sets it up before anything else', async () => {
  const strict = await startBox({ demo: false, env: { BOXOFFICE_STAFF__SECOND_FACTOR_ROLES: 'owner,manager' } });
  try {
    const { page, finish } = await openPage(strict.origin);
    await page.goto(strict.setup);
    await page.getByLabel('Name').fill('olive');
    await page.getByLabel('Password').fill('a long password of hers');
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.getByRole('heading', { level: 1, name: 'Set up a second factor' }).waitFor();
    assert.equal((await ask(page, '/console/api/staff')).status, 403);
    await setUp(page, 'first');
    await page.getByRole('button', { name: 'I have kept them, go to the console' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    assert.equal((await ask(page, '/console/api/staff')).status, 200);
    // Lost: whoever has the machine takes it away, and the sign-ins end.
    assert.match(await strict.run('staff', 'reset-second-factor', 'olive'), /olive/);
    assert.equal((await ask(page, '/console/api/staff')).status, 401);
    await finish(ASKED);
  } finally {
    await strict.stop();
  }
});
