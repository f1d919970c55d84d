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
  const headers = { authorization: box.script };
  const response = await fetch(`${box.origin}/stalker_portal/api/${path}`, { method, body, headers });
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

// A box asks now and then, and starts to count when its last answer came: time runs until it asked.
async function later(page, wanted, state = 'visible') {
  for (let tries = 0; tries < 60; tries += 1) {
    await page.clock.fastForward(POLL_MS);
    if (await wanted.waitFor({ state, timeout: 1000 }).then(() => true, () => false)) return;
  }
  assert.fail(`not ${state} after it asked again and again: ${wanted}`);
}

test('a box that is known has its channels and what is on', async () => {
  const { page, finish } = await openPortal(KNOWN_MAC);
  await row(page, 'City News').waitFor();
  assert.equal(await page.locator('#list li').count(), 9);
  assert.match(await page.locator('#list li').first().textContent(), /^1City News$/);
  // A time and a title.
  await page.locator('#when', { hasText: /\d{1,2}:\d{2}.* \S/ }).waitFor();
  assert.match(await page.locator('#mac').textContent(), new RegExp(KNOWN_MAC));
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
  // What to tell the provider, large enough for the sofa.
  const number = page.locator('#box .number', { hasText: NEW_MAC });
  assert.ok((await number.boundingBox()).height >= 60);
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
  await later(page, page.locator('#box', { hasText: 'We move your channels tonight.' }));
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#box').isVisible(), false);
  await stalker('PUT', `stb/${KNOWN_MAC}`, { status: 0 });
  await later(page, page.locator('#box', { hasText: 'provider' }));
  await stalker('PUT', `stb/${KNOWN_MAC}`, { status: 1 });
  // The list stands behind what is said: that it is there proves nothing by itself.
  await later(page, page.locator('#box'), 'hidden');
  await row(page, 'City News').waitFor();
  await finish();
});

// Whoever can write a message, name a channel or make up an address must not run anything in a viewer's browser,
// nor in that of an owner who looks at the page.
test('what comes from elsewhere is text', async () => {
  const hostile = '<img src=x onerror="window.stolen=1"><script>window.stolen=1</script>';
  const document = {
    channels: [{ id: 1, name: `${hostile}News`, number: 1, kind: 'tv', genre: 1, base_ch: true }],
  };
  await box.apply(document);
  const { page, finish } = await openPortal(KNOWN_MAC);
  await row(page, hostile).waitFor();
  await stalker('POST', `stb_msg/${KNOWN_MAC}`, { msg: `${hostile} for %mac%` });
  await later(page, page.locator('#box', { hasText: `${hostile} for ${KNOWN_MAC}` }));
  assert.equal(await page.locator('#box img, #box script, #list img, #list script').count(), 0);
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => window.stolen), undefined);
  await finish();

  // An address that is none shows as what it is, if at all.
  const other = await openPortal(encodeURIComponent(hostile));
  await other.page.locator('#box').waitFor();
  assert.equal(await other.page.locator('img').count(), 0);
  assert.equal(await other.page.evaluate(() => window.stolen), undefined);
  await other.finish();
});

test('the policy of the page stops what would get in all the same', async () => {
  const { page } = await openPortal(KNOWN_MAC);
  await row(page, 'World Report').waitFor();
  await page.evaluate((html) => { document.getElementById('box').innerHTML = html; },
    '<img src="nowhere" onerror="window.stolen=1">');
  await page.waitForFunction(() => window.violations.some((text) => text.startsWith('script-src')));
  assert.equal(await page.evaluate(() => window.stolen), undefined);
  await page.context().close();
});

test('a browser that says no address is told how to', async () => {
  const { page, finish } = await openPortal(undefined);
  await page.locator('#box', { hasText: '?mac=' }).waitFor();
  await finish();
});

test('a channel that is locked asks for the PIN, and another PIN is kept', async () => {
  const { page, finish } = await openPortal(KNOWN_MAC);
  await row(page, 'World Report').waitFor();
  const pin = async (digits) => {
    await page.locator('#pin').waitFor();
    await page.keyboard.type(digits);
    await page.keyboard.press('Enter');
  };
  // Yellow: lock, with the PIN that every new box has.
  await page.keyboard.press('F3');
  await pin('1234');
  await page.locator('#wrong', { hasText: 'does not fit' }).waitFor();
  await pin('0000');
  await page.locator('#list li.here .mark', { hasText: 'PIN' }).waitFor();
  // Blue: another PIN.
  await page.keyboard.press('F4');
  await pin('0000');
  await page.locator('.head', { hasText: /^The new PIN$/ }).waitFor();
  await pin('4711');
  await page.locator('.head', { hasText: 'once more' }).waitFor();
  await pin('4711');
  await page.locator('#box').waitFor({ state: 'hidden' });
  // It plays with the new one only, also after a new start.
  await page.reload();
  await row(page, 'World Report').waitFor();
  await page.keyboard.press('Enter');
  await pin('0000');
  await page.locator('#wrong', { hasText: 'does not fit' }).waitFor();
  assert.equal(await page.locator('video').count(), 0);
  await pin('4711');
  await page.locator('video').waitFor({ state: 'attached' });
  await page.keyboard.press('Enter');
  await page.keyboard.press('F3');
  await pin('4711');
  await page.locator('#list li.here .mark').waitFor({ state: 'detached' });
  await finish();
});

test('a channel of the demo shows a picture', async () => {
  const { page, finish } = await openPortal(KNOWN_MAC);
  await row(page, 'World Report').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('video')?.videoWidth === 640);
  await finish();
});
