// The WebView's camera in a real browser: what is asked of it, how fast its frames arrive, and what a person sees who has
// refused it or has none.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { browserWith, calls, cameraClip, emit, fillIn, open, serve, staged, tap } from './stage.mjs';

const webviewOnly = { cameras: [], actor: false };
const recordAsked = `{
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.__asked = [];
  navigator.mediaDevices.getUserMedia = (wanted) => (window.__asked.push(wanted), real(wanted));
}`;

const stage = staged({ clip: cameraClip() });

describe('the camera of the WebView', () => {
  for (const [mode, facing] of [
    ['self', 'user'],
    ['assisted', 'environment'],
  ]) {
    it(`is asked for facing "${facing}" when the mode is ${mode}, and never exactly`, async () => {
      const page = await stage.open({ stub: webviewOnly, before: recordAsked });
      await fillIn(page, mode);
      await page.locator('[data-testid=camera-state][data-ready=true]').waitFor();
      const asked = await page.evaluate(() => window.__asked);
      assert.equal(asked.length, 1, 'asked once');
      assert.equal(asked[0].video.facingMode, facing);
      assert.equal(asked[0].audio, false);
      await page.context().close();
    });
  }

  it('hands over JPEG frames of at most 640 pixels at 10 a second or more, one at a time', async () => {
    const page = await stage.open({ stub: webviewOnly });
    await fillIn(page, 'self');
    await page.evaluate(() => {
      const real = window.__TAURI_INTERNALS__.invoke;
      window.__most = 0;
      let underWay = 0;
      window.__TAURI_INTERNALS__.invoke = async (command, ...rest) => {
        if (command !== 'push_frame') return real(command, ...rest);
        window.__most = Math.max(window.__most, ++underWay);
        await new Promise((done) => setTimeout(done, 8));
        underWay -= 1;
        return real(command, ...rest);
      };
    });
    await tap(page, 'start-capture');
    await emit(page, { event: 'activated' });
    await emit(page, { event: 'camera', state: 'ready' });
    await page.waitForFunction(() => window.__stub.frames.length >= 60, null, { timeout: 20_000 });
    const { frames, most } = await page.evaluate(() => ({ frames: window.__stub.frames, most: window.__most }));
    const seconds = (frames.at(-1).at - frames[0].at) / 1000;
    const rate = (frames.length - 1) / seconds;
    assert.ok(rate >= 10 && rate <= 17, `${rate.toFixed(1)} frames a second`);
    assert.equal(most, 1, 'one on its way at a time');
    for (const frame of frames) {
      assert.ok(frame.jpeg);
      assert.deepEqual(frame.headers, { 'x-width': '640', 'x-height': '480' });
    }
    assert.ok(new Set(frames.map(({ bytes }) => bytes)).size > 20, 'the frames differ');

    await emit(page, { event: 'saved' });
    await page.getByTestId('saved').waitFor();
    const atEnd = await page.evaluate(() => window.__stub.frames.length);
    await page.waitForTimeout(500);
    assert.ok((await page.evaluate(() => window.__stub.frames.length)) <= atEnd + 1, 'no frame after the end');
    await page.context().close();
  });

  it('is closed when the person goes back', async () => {
    const page = await stage.open({
      stub: webviewOnly,
      before: `{ const real = MediaStreamTrack.prototype.stop; window.__stopped = 0; MediaStreamTrack.prototype.stop = function () { window.__stopped += 1; return real.call(this); }; }`,
    });
    await fillIn(page, 'self');
    await page.locator('[data-testid=camera-state][data-ready=true]').waitFor();
    await tap(page, 'back');
    await page.waitForFunction(() => window.__stopped === 1);
    await page.context().close();
  });
});

describe('the permission doctor', () => {
  it('explains the way to the settings when the camera was refused, and goes on once it is allowed', async () => {
    const page = await stage.open({
      stub: webviewOnly,
      context: { userAgent: 'Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36' },
      before: `{
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.__refused = true;
        navigator.mediaDevices.getUserMedia = (wanted) => window.__refused ? Promise.reject(new DOMException('', 'NotAllowedError')) : real(wanted);
      }`,
    });
    await fillIn(page, 'self');
    const doctor = page.getByTestId('doctor');
    await doctor.waitFor();
    assert.equal(await doctor.getAttribute('data-kind'), 'refused');
    assert.match(await doctor.innerText(), /权限/);
    assert.ok(await page.getByTestId('not-by-face').isVisible(), 'the other ways stay in reach');
    await page.evaluate(() => (window.__refused = false));
    await tap(page, 'doctor-again');
    await page.getByTestId('start-capture').waitFor();
    await page.context().close();
  });

  it('says so when a browser really denies the camera, and when there is none', async () => {
    for (const [options, kind] of [
      [{ clip: cameraClip(), allow: false }, 'refused'],
      [{}, 'missing'],
    ]) {
      const other = await browserWith(options);
      const page = await open(other, stage.site.url, { stub: webviewOnly, context: { permissions: kind === 'missing' ? ['camera'] : [] } });
      await fillIn(page, 'self');
      await page.getByTestId('doctor').waitFor();
      assert.equal(await page.getByTestId('doctor').getAttribute('data-kind'), kind);
      await other.close();
    }
  });

  it('also answers when Rust finds its camera busy', async () => {
    const page = await stage.open();
    await fillIn(page, 'self');
    await tap(page, 'start-capture');
    await emit(page, { event: 'failed', reason: { code: 'camera.busy', sentence: '忙', nextStep: '关' }, canRetry: true });
    assert.equal(await page.getByTestId('doctor').getAttribute('data-kind'), 'busy');
    assert.equal(await page.getByTestId('result-code').innerText(), 'camera.busy');
    await tap(page, 'doctor-again');
    await page.getByTestId('screen-capture').waitFor();
    assert.equal((await calls(page, 'begin')).length, 2);
    await page.context().close();
  });
});

describe('the test hook', () => {
  it('is in a build with VITE_TEST_HOOKS=1, where it feeds the grabber, and nowhere in a release', async () => {
    const scripts = (built) => {
      const folder = join(built.outDir, 'assets');
      return readdirSync(folder).filter((name) => name.endsWith('.js')).map((name) => readFileSync(join(folder, name), 'utf8')).join('');
    };
    assert.ok(!scripts(stage.site).includes('__jianzai_test_stream'));
    const hooked = await serve({ testHooks: true });
    assert.ok(scripts(hooked).includes('__jianzai_test_stream'));

    const page = await open(stage.browser, hooked.url, { stub: webviewOnly });
    await page.evaluate(() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 300 });
      const context = canvas.getContext('2d');
      let n = 0;
      setInterval(() => {
        context.fillStyle = `hsl(${(n += 7)} 60% 50%)`;
        context.fillRect(0, 0, 400, 300);
      }, 40);
      window.__jianzai_test_stream = canvas.captureStream(25);
    });
    await fillIn(page, 'self');
    await tap(page, 'start-capture');
    await page.waitForFunction(() => window.__stub.frames.length >= 20, null, { timeout: 15_000 });
    assert.deepEqual(await page.evaluate(() => window.__stub.frames[10].headers), { 'x-width': '400', 'x-height': '300' });
    await page.context().close();
    await hooked.close();
  });
});
