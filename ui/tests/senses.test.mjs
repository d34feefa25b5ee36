// For those who see little or nothing, hear little or nothing, or are made dizzy by what moves.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { calls, emit, fillIn, OUT, staged, startCapture, tap } from './stage.mjs';

const hint = { code: 'face.too_dark', sentence: '光线有点暗。', nextStep: '请打开灯。' };
const certificate = { serial: 'e0b7b426-76ea-4665-a91e-da793675340d', validUntil: '2027-11-21', maskedName: '**明', text: 'x' };

const stage = staged();

/** What has the focus: its words without the breaks between them. */
const focused = (page) => page.evaluate(() => document.activeElement.textContent.replaceAll('\u200b', '').trim());

describe('a screen reader', () => {
  it('begins each screen at its heading', async () => {
    const page = await stage.open();
    const headings = [];
    await fillIn(page, 'self', async () => headings.push(await page.evaluate(() => document.activeElement.tagName)));
    await page.waitForFunction(() => document.activeElement.tagName === 'H1');
    // Not the app's first screen, which is read from its top, nor the form while it is filled in.
    assert.deepEqual(headings.slice(3), ['H1', 'H2', 'H2', 'H1', 'H1']);
    await page.context().close();
  });

  it('goes on at what is asked now where a list gives way to another', async () => {
    const page = await stage.open();
    await tap(page, 'welcome-self');
    await page.getByTestId('field-name').fill('王小明');
    await page.getByTestId('field-id').pressSequentially('11010519491231002X');
    await tap(page, 'next');
    await tap(page, 'place-option-440000');
    await page.waitForFunction(() => /广东省/.test(document.activeElement.textContent.replaceAll('\u200b', '')));
    await tap(page, 'place-option-441900');
    await page.waitForFunction(() => document.activeElement.dataset.testid === 'place-insured-chosen');
    assert.match(await focused(page), /东莞市/);
    await page.context().close();
  });

  it('hears instruction and hint in regions that were there before', async () => {
    const page = await stage.open();
    await startCapture(page);
    await page.evaluate(() => {
      window.spoken = { assertive: document.querySelector('[aria-live=assertive]'), status: document.querySelector('.strip[role=status]') };
    });
    await emit(page, { event: 'activated' });
    await emit(page, { event: 'camera', state: 'ready' });
    await emit(page, { event: 'tell', id: 1, instruction: 'turn_left' });
    await emit(page, { event: 'hint', reason: hint });
    await page.getByTestId('hint').waitFor();
    const regions = await page.evaluate(() => ({
      instruction: window.spoken.assertive.isConnected && window.spoken.assertive.textContent.replaceAll('\u200b', ''),
      hint: window.spoken.status.isConnected && window.spoken.status.textContent.replaceAll('\u200b', ''),
    }));
    assert.match(regions.instruction, /向左转头/);
    assert.match(regions.hint, /光线有点暗。.*请打开灯。/);
    await page.context().close();
  });

  it('reads out what the certificate says', async () => {
    const page = await stage.open();
    await startCapture(page);
    await emit(page, { event: 'activated' });
    await emit(page, { event: 'certified', ...certificate });
    const alt = (await page.locator('[data-testid=certificate][data-state=shown] img').getAttribute('alt')).replaceAll('\u200b', '');
    for (const part of ['**明', '2027年11月21日', certificate.serial]) assert.ok(alt.includes(part), `${part} in ${alt}`);
    await page.context().close();
  });

  it('opens the other ways at their beginning, and comes back to where it was', async () => {
    const page = await stage.open({ viewport: { width: 320, height: 568 } });
    await tap(page, 'not-by-face');
    await page.getByTestId('other-ways').waitFor();
    assert.equal(await page.evaluate(() => document.querySelector('dialog').scrollTop), 0);
    assert.match(await focused(page), /不刷脸/);
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.activeElement.dataset.testid === 'not-by-face');
    await page.context().close();
  });
});

describe('the voice', () => {
  it('reads the consent although the sound was off before, and stops when asked to', async () => {
    const page = await stage.open({
      stub: { preferences: { textSize: 'normal', language: null, muted: true } },
      before: `window.played = 0; window.paused = 0;
        HTMLMediaElement.prototype.play = async () => void window.played++;
        HTMLMediaElement.prototype.pause = () => void window.paused++;`,
    });
    await fillIn(page, 'self');
    await tap(page, 'back');
    await tap(page, 'consent-play');
    await page.waitForFunction(() => window.played === 1);
    const paused = await page.evaluate(() => window.paused);
    await tap(page, 'consent-play');
    assert.ok((await page.evaluate(() => window.paused)) > paused);
    assert.match((await page.getByTestId('consent-play').innerText()).replaceAll('\u200b', ''), /念给我听/);
    await page.context().close();
  });

  it('says which way to move to somebody who cannot see, as it is by then', async () => {
    const page = await stage.open();
    const fetched = [];
    page.on('request', (request) => /\/voice\/zh\/move\./.test(request.url()) && fetched.push(request.url().split('/').pop()));
    await fillIn(page, 'self');
    await tap(page, 'show-cannot');
    await tap(page, 'limitation-cannot_see');
    await tap(page, 'start-capture');
    await emit(page, { event: 'activated' });
    await emit(page, { event: 'camera', state: 'ready' });
    const away = { code: 'face.off_centre', sentence: '脸不在中间。', nextStep: '请移到圆框中间。' };
    const ways = { 'move.right.mp3': [0.3, 0.1], 'move.left.mp3': [-0.3, 0.1], 'move.up.mp3': [0, 0.3], 'move.down.mp3': [0, -0.3] };
    // Until the opening words have been said: no hint cuts them short.
    await page.waitForTimeout(4000);
    for (const [dx, dy] of Object.values(ways)) {
      await page.waitForTimeout(2500);
      await emit(page, { event: 'hint', reason: null });
      await emit(page, { event: 'placement', size: 1, dx, dy, ok: false });
      await emit(page, { event: 'hint', reason: away });
    }
    await page.waitForTimeout(300);
    assert.deepEqual(fetched, Object.keys(ways));
    await page.context().close();
  });

  it('says an instruction again, and is silent when it is told to be', async () => {
    const page = await stage.open({ before: 'window.played = 0; HTMLMediaElement.prototype.play = async () => void window.played++;' });
    await startCapture(page);
    await emit(page, { event: 'activated' });
    await emit(page, { event: 'camera', state: 'ready' });
    await emit(page, { event: 'tell', id: 1, instruction: 'turn_left' });
    await page.waitForTimeout(300);
    const before = await page.evaluate(() => window.played);
    await tap(page, 'say-again');
    await page.waitForFunction((count) => window.played === count + 1, before);
    await tap(page, 'mute');
    await tap(page, 'say-again');
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate(() => window.played), before + 1);
    // Said again or not, the prompt itself ended once.
    assert.equal((await calls(page, 'prompt_ended')).filter(({ id }) => id === 1).length, 1);
    await page.context().close();
  });
});

for (const [width, text] of [[320, 'huge'], [390, 'normal']]) {
  it(`shows whoever can do nothing no steps to count, at ${width} pixels and ${text} text`, async () => {
    const stub = { preferences: { textSize: text, language: null, muted: false } };
    const page = await stage.open({ viewport: { width, height: 568 }, stub });
    await startCapture(page, 'assisted');
    await emit(page, { event: 'activated' });
    await emit(page, { event: 'camera', state: 'ready' });
    await emit(page, { event: 'progress', done: 0, needed: 3 });
    assert.equal(await page.getByTestId('progress').count(), 1);
    await emit(page, { event: 'progress', done: 0, needed: 0 });
    await emit(page, { event: 'tell', id: 1, instruction: 'in_place' });
    await page.locator('[data-instruction=in_place]').waitFor();
    assert.equal(await page.getByTestId('progress').count(), 0);
    await page.screenshot({ path: join(OUT, `in-place-${width}-${text}.png`) });
    await page.context().close();
  });
}

it('moves nothing where that is not wanted, and still shows the movement', async () => {
  const page = await stage.open({ context: { reducedMotion: 'reduce' } });
  await startCapture(page);
  await emit(page, { event: 'activated' });
  await emit(page, { event: 'camera', state: 'ready' });
  await emit(page, { event: 'tell', id: 1, instruction: 'turn_left' });
  await page.locator('[data-move=turn]').waitFor();
  const still = await page.evaluate(() => ({
    animations: document.getAnimations().length,
    turned: getComputedStyle(document.querySelector('[data-testid=figure] .features')).transform,
  }));
  assert.equal(still.animations, 0);
  assert.notEqual(still.turned, 'none');
  await page.context().close();
});

describe('the picture of the certificate', () => {
  const certified = async (page) => {
    await startCapture(page);
    await emit(page, { event: 'activated' });
    await emit(page, { event: 'certified', ...certificate });
  };

  it('keeps its place and says so while it is being fetched', async () => {
    const page = await stage.open();
    let give;
    const given = new Promise((done) => (give = done));
    await page.route('**/stub/**certificate**', async (route) => {
      await given;
      await route.fallback();
    });
    await certified(page);
    const picture = page.locator('[data-testid=certificate]');
    await page.locator('[data-testid=certificate][data-state=loading]').waitFor();
    assert.match((await picture.getByRole('status').innerText()).replaceAll('\u200b', ''), /正在取证书图片/);
    const before = await picture.boundingBox();
    assert.ok(before.height > before.width, 'the sheet has its shape already');
    give();
    await page.locator('[data-testid=certificate][data-state=shown]').waitFor();
    assert.deepEqual(await picture.boundingBox(), before);
    await page.context().close();
  });

  for (const [what, answer] of [
    ['is not there', { status: 404, body: '' }],
    ['is no picture', { contentType: 'image/png', body: 'no picture' }],
  ]) {
    it(`is fetched again on a tap if it ${what}; the certification stands`, async () => {
      const page = await stage.open();
      let failures = 2;
      const asked = [];
      await page.route('**/stub/**certificate**', (route) => {
        asked.push(route.request().url());
        return failures-- > 0 ? route.fulfill(answer) : route.fallback();
      });
      await certified(page);
      for (let i = 0; i < 2; i++) {
        await page.locator('[data-testid=certificate][data-state=failed]').waitFor();
        assert.match((await page.getByRole('alert').innerText()).replaceAll('\u200b', ''), /认证已经成功/);
        await tap(page, 'certificate-again');
      }
      await page.locator('[data-testid=certificate][data-state=shown]').waitFor();
      assert.equal(await page.getByTestId('result-state').getAttribute('data-state'), 'certified');
      assert.equal(new Set(asked).size, 3, 'each try has an address of its own');
      await page.context().close();
    });
  }
});
