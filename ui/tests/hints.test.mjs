// Every hint that Rust may give, over the instructions that need most room: all words of both stay in sight, the oval stays
// where it is and clear of the buttons, whatever the size of screen and text.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { faults } from './measure.js';
import { hints } from './reasons.mjs';
import { emit, fillIn, staged, tap } from './stage.mjs';

const SIZES = [
  { width: 320, height: 568 },
  { width: 360, height: 640 },
  { width: 414, height: 800 },
  { width: 1024, height: 768 },
];
const INSTRUCTIONS = ['turn_left', 'open_mouth', 'wait_for_word'];

const stage = staged();

/** Shown, fitted and measured: two frames after the event. */
const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

const boxOf = (page, id) => page.getByTestId(id).boundingBox();

for (const viewport of SIZES) {
  for (const [language, presses, mode] of [
    ['zh', 0, 'self'],
    ['zh', 2, 'assisted'],
    ['en', 0, 'assisted'],
    ['en', 2, 'self'],
  ]) {
    it(`leaves every word in sight: ${viewport.width}, ${language}, text size ${presses}, ${mode}`, async () => {
      const page = await stage.open({ viewport, stub: { language }, context: { reducedMotion: 'reduce' } });
      for (let i = 0; i < presses; i++) await tap(page, 'text-size');
      await fillIn(page, mode);
      await tap(page, 'start-capture');
      await emit(page, { event: 'activated' });
      await emit(page, { event: 'camera', state: 'ready' });
      await emit(page, { event: 'progress', done: 1, needed: 9 });
      const found = [];
      let oval = null;
      for (const [id, instruction] of INSTRUCTIONS.entries()) {
        await emit(page, { event: 'tell', id, instruction });
        for (const reason of hints(language)) {
          await emit(page, { event: 'hint', reason });
          await page.locator(`[data-testid=hint][data-code=${reason.code}]`).waitFor();
          await settled(page);
          for (const fault of await page.evaluate(faults)) found.push(`${instruction} ${reason.code}: ${fault}`);
          const now = await boxOf(page, 'oval');
          oval ??= now;
          if (JSON.stringify(now) !== JSON.stringify(oval)) found.push(`${instruction} ${reason.code}: the oval moved`);
        }
      }
      const buttons = await boxOf(page, 'say-again');
      if (oval.y < buttons.y + buttons.height) found.push('the buttons lie over the oval');
      assert.deepEqual(found, []);
      await page.context().close();
    });
  }
}
