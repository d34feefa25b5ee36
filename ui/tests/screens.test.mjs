// Every screen, as a person sees it: walked through in both modes and languages, at the sizes people hold, with the text as
// large as it goes. Checked by measure (nothing cut off, nothing to scroll sideways, targets large enough, contrast) and
// left as pictures under tests/out for the eye.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { faults } from './measure.js';
import { OUT, calls, emit, fillIn, staged, startCapture, tap } from './stage.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SIZES = [
  { name: 'phone', viewport: { width: 390, height: 844 } },
  { name: 'small', viewport: { width: 320, height: 568 } },
  { name: 'desktop', viewport: { width: 1024, height: 768 } },
];
const hint = { code: 'face.too_dark', sentence: '光线太暗了。', nextStep: '请开灯，或者到窗边去。' };
const refusal = { code: 'action.wrong', sentence: '做的动作和要求的不一样。', nextStep: '请再试一次，听到声音后再慢慢做。' };
const certificate = { serial: '2026-440300-7F3K-92QD', validUntil: '2027-11-21', maskedName: '**明', text: 'x' };

/** What axe finds against WCAG 2.2 AA. */
async function barriers(page) {
  await page.evaluate((axe) => void (window.axe ?? (0, eval)(axe)), AXE);
  const { violations } = await page.evaluate(() => window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 100)).join(' | ')}`);
}

const stage = staged();

/** The whole way to the certificate, with `look` called on each screen. */
async function walk(page, mode, look) {
  await fillIn(page, mode, look);
  await tap(page, 'not-by-face');
  await look('6-other-ways');
  await tap(page, 'other-ways-close');
  await tap(page, 'show-cannot');
  await tap(page, 'cannot-look_up');
  await look('7-ready');
  await tap(page, 'start-capture');
  await look('8-starting');
  await emit(page, { event: 'activated' });
  await emit(page, { event: 'camera', state: 'ready' });
  for (const [id, instruction] of ['place_face', 'turn_left', 'open_mouth', 'look_down', 'well_done'].entries()) {
    await emit(page, { event: 'tell', id, instruction });
    await emit(page, { event: 'progress', done: Math.min(id, 4), needed: 4 });
    await emit(page, { event: 'placement', size: 1, dx: 0, dy: 0, ok: id > 0 });
    if (id === 0) await emit(page, { event: 'hint', reason: hint });
    await page.locator(`[data-instruction=${instruction}]`).waitFor();
    await page.waitForTimeout(id === 0 ? 600 : 1800);
    await look(`9-${instruction}`);
  }
  await emit(page, { event: 'saved' });
  await emit(page, { event: 'upload', sent: 120_000, total: 280_000 });
  await look('a-sending');
  await emit(page, { event: 'judging' });
  await look('b-judging');
  await emit(page, { event: 'certified', ...certificate });
  await tap(page, 'save-certificate');
  await page.getByText('健在证书.png').waitFor();
  await look('c-certified');
}

for (const { name, viewport } of SIZES) {
  for (const [language, textSize, mode] of [
    ['zh', 'normal', 'self'],
    ['zh', 'huge', 'assisted'],
    ['en', 'normal', 'assisted'],
    ['en', 'huge', 'self'],
  ]) {
    it(`shows every screen whole: ${name}, ${language}, ${textSize}, ${mode}`, async () => {
      const page = await stage.open({ viewport, stub: { language }, context: { reducedMotion: 'reduce' } });
      const found = [];
      const folder = join(OUT, `${name}-${language}-${textSize}`);
      mkdirSync(folder, { recursive: true });
      for (let i = 0; i < { normal: 0, large: 1, huge: 2 }[textSize]; i++) await tap(page, 'text-size');
      await walk(page, mode, async (screen) => {
        await page.screenshot({ path: join(folder, `${screen}.png`), fullPage: true });
        for (const fault of [...(await page.evaluate(faults)), ...(await barriers(page))]) found.push(`${screen}: ${fault}`);
      });
      await tap(page, 'done');
      await fillIn(page, mode);
      for (const [ending, next, event] of [
        ['d-refused', 'start-capture', { event: 'refused', reasons: [refusal, hint], canAppeal: true }],
        ['e-doctor', 'retry', { event: 'failed', reason: { ...hint, code: 'camera.missing' }, canRetry: true }],
        ['f-review', 'doctor-again', { event: 'review', reasons: [{ ...refusal, code: 'match.unsure', sentence: '照片太旧，看不太准。' }] }],
      ]) {
        await tap(page, next);
        await emit(page, { event: 'activated' });
        await emit(page, event);
        await page.getByTestId('result-state').waitFor({ state: 'attached' });
        await page.screenshot({ path: join(folder, `${ending}.png`), fullPage: true });
        for (const fault of [...(await page.evaluate(faults)), ...(await barriers(page))]) found.push(`${ending}: ${fault}`);
      }
      assert.deepEqual(found, []);
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });
  }
}

describe('what is sent', () => {
  it('is what was entered, with the consent of the one it is about', async () => {
    for (const [mode, by] of [
      ['self', 'beneficiary'],
      ['assisted', 'beneficiary_spoken'],
    ]) {
      const page = await stage.open();
      await fillIn(page, mode);
      await tap(page, 'show-cannot');
      await tap(page, 'cannot-turn_left');
      await tap(page, 'limitation-lying_down');
      await page.getByTestId('tip-lying').waitFor();
      await tap(page, 'start-capture');
      const [sent] = await calls(page, 'begin');
      assert.deepEqual(sent, {
        mode,
        person: { name: '王小明', id_number: '11010519491231002X', insured_place: '440300', residence: '440300', limitations: ['lying_down'] },
        consent: { by },
        cannot: ['turn_left'],
        camera: { kind: 'native', id: '0' },
        language: 'zh',
      });
      assert.equal((await calls(page, 'warm_camera')).length, 1, 'the camera was warm before');
      await page.context().close();
    }
  });

  it('tells when each prompt has ended, once, sound or no sound', async () => {
    for (const muted of [false, true]) {
      const page = await stage.open();
      await fillIn(page, 'self');
      await tap(page, 'start-capture');
      if (muted) await tap(page, 'mute');
      await emit(page, { event: 'activated' });
      await emit(page, { event: 'camera', state: 'ready' });
      await emit(page, { event: 'tell', id: 5, instruction: 'well_done' });
      await page.waitForFunction(() => window.__stub.calls.some(({ command, args }) => command === 'prompt_ended' && args.id === 5), null, { timeout: 6000 });
      await page.waitForTimeout(300);
      assert.deepEqual(await calls(page, 'prompt_ended'), [{ id: 5 }], muted ? 'muted' : 'spoken');
      await page.context().close();
    }
  });

  it('is stopped at once when the person stops, and tried again under the same activation', async () => {
    const page = await stage.open();
    await fillIn(page, 'self');
    await tap(page, 'start-capture');
    await emit(page, { event: 'activated' });
    await tap(page, 'stop');
    assert.equal((await calls(page, 'cancel')).length, 1);
    await tap(page, 'start-capture');
    await emit(page, { event: 'activated' });
    await emit(page, { event: 'refused', reasons: [refusal], canAppeal: true });
    await tap(page, 'appeal');
    assert.equal(await page.getByTestId('appealed').getAttribute('data-date'), '2026-12-12');
    assert.equal(await page.getByTestId('appeal').count(), 0, 'appealed once');
    await tap(page, 'retry');
    assert.equal((await calls(page, 'retry')).length, 1);
    assert.equal((await calls(page, 'begin')).length, 2);
    await page.getByTestId('screen-capture').waitFor();
    await page.context().close();
  });

  it('lets go of a camera that was warmed for nothing', async () => {
    const page = await stage.open();
    await fillIn(page, 'self');
    assert.equal((await calls(page, 'warm_camera')).length, 1);
    await tap(page, 'back');
    await page.getByTestId('screen-consent').waitFor();
    assert.equal((await calls(page, 'cancel')).length, 1);
    await page.context().close();
  });

  it('says the four facts may be wrong, and keeps them for another look', async () => {
    const page = await stage.open();
    await fillIn(page, 'self');
    await tap(page, 'start-capture');
    await emit(page, { event: 'failed', reason: { code: 'identity.not_confirmed', sentence: '对不上。', nextStep: '请再看一遍。' }, canRetry: false });
    assert.equal(await page.getByTestId('retry').count(), 0);
    await tap(page, 'check-facts');
    assert.equal(await page.getByTestId('field-name').inputValue(), '王小明');
    assert.equal(await page.getByTestId('field-id').inputValue(), '110105 19491231 002X');
    await page.context().close();
  });
});

describe('what waits from before', () => {
  it('is offered first, delivered on a tap, and judged without another capture', async () => {
    const page = await stage.open({ stub: { waiting: [{ attempt: 'a', capturedAt: '2026-11-21T08:00:00Z', bytes: 200_000 }] } });
    await page.locator('[data-testid=waiting][data-count="1"]').waitFor();
    await page.screenshot({ path: join(OUT, 'waiting.png') });
    await tap(page, 'resume');
    await emit(page, { event: 'failed', reason: { code: 'network.unreachable', sentence: '没有网络。', nextStep: '请看看网络。' }, canRetry: true });
    await tap(page, 'retry');
    await page.getByTestId('saved').waitFor();
    assert.equal((await calls(page, 'retry')).length, 1);
    await emit(page, { event: 'certified', ...certificate });
    assert.equal(await page.getByTestId('result-state').getAttribute('data-state'), 'certified');
    assert.equal((await calls(page, 'begin')).length, 0);
    await page.context().close();
  });

  it('can be tried again when it could not even be taken up', async () => {
    const page = await stage.open({ stub: { waiting: [{ attempt: 'a', capturedAt: '2026-11-21T08:00:00Z', bytes: 200_000 }] } });
    const full = { code: 'device.storage_full', sentence: '手机存储满了。', nextStep: '请清理一些空间。' };
    await page.evaluate((problem) => (window.__stub.refuse.resume = problem), full);
    await tap(page, 'resume');
    await page.getByTestId('result-sentence').waitFor();
    await page.evaluate(() => delete window.__stub.refuse.resume);
    await tap(page, 'retry');
    await page.getByTestId('saved').waitFor();
    await page.waitForFunction(() => window.__stub.calls.filter((call) => call.command === 'resume').length === 2);
    await page.context().close();
  });

  it('can be left to be sent by itself where there is no network', async () => {
    const page = await stage.open();
    await startCapture(page);
    await emit(page, { event: 'saved' });
    await page.getByTestId('saved').waitFor();
    assert.equal(await page.getByTestId('leave-sending').count(), 0);
    await emit(page, { event: 'hint', reason: { code: 'network.unreachable', sentence: '没有网络。', nextStep: '请看看网络。' } });
    await page.locator('[data-testid=sending-hint][data-code="network.unreachable"]').waitFor();
    await page.screenshot({ path: join(OUT, 'sending-without-network.png') });
    await page.evaluate(() => window.__stub.waiting.push({ attempt: 'a', capturedAt: '2026-11-21T08:00:00Z', bytes: 200_000 }));
    await tap(page, 'leave-sending');
    await page.locator('[data-testid=waiting][data-count="1"]').waitFor();
    assert.equal((await calls(page, 'cancel')).length, 1);
    await page.context().close();
  });
});

describe('left and right', () => {
  it('are where the person sees them: mirrored for oneself, not for someone else', async () => {
    for (const [mode, instruction, side, mirrored] of [
      ['self', 'turn_left', '-1', 'true'],
      ['self', 'turn_right', '1', 'true'],
      ['assisted', 'turn_left', '1', 'false'],
      ['assisted', 'turn_right', '-1', 'false'],
    ]) {
      const page = await stage.open();
      await fillIn(page, mode);
      await tap(page, 'start-capture');
      await emit(page, { event: 'activated' });
      await emit(page, { event: 'camera', state: 'ready' });
      await emit(page, { event: 'tell', id: 1, instruction });
      assert.equal(await page.getByTestId('figure').getAttribute('data-side'), side, `${mode} ${instruction}`);
      assert.equal(await page.getByTestId('preview').getAttribute('data-mirrored'), mirrored);
      await page.context().close();
    }
  });
});

describe('without a mouse', () => {
  it('goes the whole way by keyboard, with the focus in sight', async () => {
    const page = await stage.open({ viewport: { width: 1024, height: 768 } });
    const press = async (id) => {
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
          const { activeElement: active } = document;
          return { id: active?.getAttribute('data-testid'), outline: getComputedStyle(active).outlineStyle };
        });
        if (at.id !== id) continue;
        assert.notEqual(at.outline, 'none', `${id} shows its focus`);
        return;
      }
      assert.fail(`${id} is not reached by Tab`);
    };
    const enter = async (id) => (await press(id), page.keyboard.press('Enter'));
    await enter('welcome-self');
    await press('field-name');
    await page.keyboard.type('王小明');
    await press('field-id');
    await page.keyboard.type('11010519491231002x');
    await page.keyboard.press('Enter');
    await enter('place-option-120000');
    await page.getByTestId('place-insured-chosen').waitFor();
    await enter('place-insured-whole');
    await enter('next');
    await enter('place-residence-same');
    await enter('consent-yes');
    await enter('start-capture');
    await page.getByTestId('screen-capture').waitFor();
    assert.equal((await calls(page, 'begin'))[0].person.insured_place, '120000');
    await page.context().close();
  });
});

it('keeps nothing of the person in the storage of the WebView', async () => {
  const page = await stage.open();
  await tap(page, 'text-size');
  await walk(page, 'self', async () => {});
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie + location.href);
  assert.deepEqual(await calls(page, 'keep_preferences'), [{ preferences: { textSize: 'large', language: null, muted: false } }]);
  assert.doesNotMatch(stored, /王小明|1949|明|4403/);
  await page.context().close();
});

it('says where it belongs when it is opened outside the app', async () => {
  const page = await stage.browser.newPage();
  await page.goto(stage.site.url);
  await page.getByRole('alert').waitFor();
  assert.match(await page.getByRole('alert').innerText(), /健在/);
  await page.close();
});
