// The box's page in a real browser, against the real program: a box of the demo has its channels and its guide, a
// box that nobody knows signs in, and what the provider has to say arrives.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBox } from './box.mjs';
import { openPage, startBrowser } from './page.mjs';

const KNOWN_MAC = '00:1A:79:10:00:01';
const NEW_MAC = '00:1A:79:00:90:02';
// The longest that a box waits before it asks again.
const POLL_MS = 130_000;

let box;
let browser;

before(async () => {
  box = await startBox();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await box?.stop();
});

async function stalker(method, path, fields) {
  const body = fields && new URLSearchParams(fields);
  const response = await fetch(`${box.origin}/stalker_portal/api/${path}`, { method, body });
  const answer = await response.json();
  assert.equal(answer.status, 'OK', JSON.stringify(answer));
  return answer.results;
}

async function openPortal(mac) {
  const opened = await openPage(browser, box.origin);
  await opened.page.clock.install();
  const address = `${box.origin}/stalker_portal/c/`;
  await opened.page.goto(mac ? `${address}?mac=${mac}` : address);
  return opened;
}

const row = (page, name) => page.locator('#list li', { hasText: name });

test('a box that is known has its channels and what is on', async () => {
  const { page, finish } = await openPortal(KNOWN_MAC);
  await row(page, 'City News').waitFor();
  assert.equal(await page.locator('#list li').count(), 12);
  assert.match(await page.locator('#list li').first().textContent(), /^1City News$/);
  // A time and a title.
  await page.locator('#now', { hasText: /\d{1,2}:\d{2}.* \S/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  assert.match(await page.locator('#list li.here').textContent(), /World Report/);
  await page.keyboard.press('PageDown');
  assert.ok(await page.locator('#list li.here').count());
  await finish();
});

test('a box that nobody knows signs in', async () => {
  await stalker('POST', 'accounts/', {
    login: 'mia', password: 'secret "7"', full_name: 'Mia', account_number: 'C-9002', tariff_plan: 'FAMILY',
    tariff_expired_date: '2099-01-31',
  });
  const { page, finish } = await openPortal(NEW_MAC);
  await page.locator('#login').waitFor();
  await page.locator('#login').fill('mia');
  await page.locator('#password').fill('wrong');
  await page.locator('#ok').click();
  await page.locator('#wrong', { hasText: 'does not fit' }).waitFor();
  // As on a remote control: enter goes from field to field.
  await page.locator('#login').focus();
  await page.keyboard.press('Enter');
  await page.locator('#password').fill('secret "7"');
  await page.keyboard.press('Enter');
  await row(page, 'City News').waitFor();
  assert.equal(await page.locator('#login').count(), 0);
  assert.equal((await stalker('GET', 'accounts/C-9002'))[0].stb_mac, NEW_MAC);
  // The next time it is known.
  await page.reload();
  await row(page, 'City News').waitFor();
  await finish();
});

test('what the provider has to say arrives', async () => {
  const { page, finish } = await openPortal(KNOWN_MAC);
  await row(page, 'City News').waitFor();
  await stalker('POST', `stb_msg/${KNOWN_MAC}`, { msg: 'We move your channels tonight.' });
  await page.clock.fastForward(POLL_MS);
  await page.locator('#box', { hasText: 'We move your channels tonight.' }).waitFor();
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#box').isVisible(), false);
  await stalker('PUT', `stb/${KNOWN_MAC}`, { status: 0 });
  await page.clock.fastForward(POLL_MS);
  await page.locator('#box', { hasText: 'provider' }).waitFor();
  await stalker('PUT', `stb/${KNOWN_MAC}`, { status: 1 });
  await page.clock.fastForward(POLL_MS);
  await row(page, 'City News').waitFor();
  await page.locator('#box').waitFor({ state: 'hidden' });
  await finish();
});

test('a browser that says no address is told how to', async () => {
  const { page, finish } = await openPortal(undefined);
  await page.locator('#box', { hasText: '?mac=' }).waitFor();
  await finish();
});
