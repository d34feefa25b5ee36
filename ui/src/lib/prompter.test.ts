import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Prompter, clipLength, type Player } from './prompter';

let playing: { clip: string; end: () => void; fail: () => void }[];
let silent: boolean;
let language: 'zh' | 'en';
let prompter: Prompter;

beforeEach(() => {
  vi.useFakeTimers();
  playing = [];
  silent = false;
  language = 'zh';
  const player: Player = {
    play: (clip) => new Promise((end, fail) => playing.push({ clip, end, fail })),
    prepare: () => {},
    stop: () => {},
  };
  prompter = new Prompter(player, () => language, () => silent);
});
afterEach(() => vi.useRealTimers());

const turnLeft = clipLength('turn_left', 'zh') ?? 0;

it('says when a clip has ended, once', async () => {
  const done = vi.fn();
  prompter.say('turn_left', done);
  expect([done.mock.calls.length, prompter.busy]).toEqual([0, true]);
  playing[0]?.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([done.mock.calls.length, prompter.busy]).toEqual([1, false]);
});

it('gives readers as long as listeners when the sound is off or broken', async () => {
  for (const how of ['off', 'broken']) {
    silent = how === 'off';
    const done = vi.fn();
    prompter.say('turn_left', done);
    playing.at(-1)?.fail();
    await vi.advanceTimersByTimeAsync(turnLeft - 1);
    expect(done, how).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2);
    expect(done, how).toHaveBeenCalledTimes(1);
  }
});

it('makes nobody who cannot hear wait for speech', async () => {
  const player: Player = { play: vi.fn(), prepare: vi.fn(), stop: () => {} };
  const done = vi.fn();
  const unheard = new Prompter(player, () => language, () => silent, () => true);
  unheard.prepare(['turn_left']);
  unheard.say('turn_left', done);
  await vi.advanceTimersByTimeAsync(699);
  expect(done).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2);
  expect(done).toHaveBeenCalledTimes(1);
  expect(turnLeft).toBeGreaterThan(1500);
  expect([player.play, player.prepare].map((call) => vi.mocked(call).mock.calls.length)).toEqual([0, 0]);
});

it('never leaves anyone waiting for a clip that got stuck', async () => {
  const done = vi.fn();
  prompter.say('turn_left', done);
  await vi.advanceTimersByTimeAsync(turnLeft + 5000);
  expect(done).toHaveBeenCalledTimes(1);
});

it('ends what it interrupts, and lets no late end of it count for the next', async () => {
  const [first, second] = [vi.fn(), vi.fn()];
  prompter.say('turn_left', first);
  prompter.say('well_done', second);
  expect(first).toHaveBeenCalledTimes(1);
  playing[0]?.end();
  await vi.advanceTimersByTimeAsync(0);
  expect([second.mock.calls.length, prompter.busy]).toEqual([0, true]);
  playing[1]?.end();
  await vi.advanceTimersByTimeAsync(0);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1]);
});

it('keeps hints from talking over an instruction', () => {
  prompter.say('turn_left');
  prompter.sayIfQuiet('face.too_dark');
  expect(playing.map(({ clip }) => clip)).toEqual(['/voice/zh/turn_left.mp3']);
});

it('waits a reading time for a line that has no clip', async () => {
  const done = vi.fn();
  prompter.say('no.such.clip', done);
  expect(playing).toEqual([]);
  await vi.advanceTimersByTimeAsync(3000);
  expect(done).toHaveBeenCalledTimes(1);
});

it('speaks the language of the screens', () => {
  language = 'en';
  prompter.say('turn_left');
  expect(playing[0]?.clip).toBe('/voice/en/turn_left.mp3');
});
