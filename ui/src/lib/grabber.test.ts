import { expect, it } from 'vitest';
import { constraintsFor, fit, pace, troubleOf } from './grabber';

it('asks for the front camera for oneself and the rear one for someone else, and never demands it', () => {
  for (const [mode, facing] of [
    ['self', 'user'],
    ['assisted', 'environment'],
  ] as const) {
    const { video, audio } = constraintsFor(mode);
    expect(video).toMatchObject({ facingMode: facing });
    expect(JSON.stringify(video)).not.toContain('exact');
    expect(audio).toBe(false);
  }
});

it('takes about fifteen frames a second whatever the camera gives', () => {
  for (const [offered, least, most] of [
    [60, 14.5, 15.5],
    [30, 14.5, 15.5],
    [25, 12, 15.5],
    [12, 11.5, 12.5],
  ] as const) {
    const take = pace();
    const taken = Array.from({ length: offered * 20 }, (_, i) => take((i * 1000) / offered)).filter(Boolean).length / 20;
    expect(taken, `${offered} offered`).toBeGreaterThanOrEqual(least);
    expect(taken, `${offered} offered`).toBeLessThanOrEqual(most);
  }
});

it('does not catch up after a pause', () => {
  const take = pace();
  take(0);
  expect([5000, 5016, 5033].map(take)).toEqual([true, false, false]);
});

it('keeps the shape of the picture and never enlarges it', () => {
  expect(fit(1920, 1080)).toEqual([640, 360]);
  expect(fit(480, 640)).toEqual([480, 640]);
  expect(fit(720, 1280)).toEqual([360, 640]);
  expect(fit(0, 0)).toEqual([0, 0]);
});

it('tells refused, busy and missing cameras apart', () => {
  const named = (name: string) => troubleOf(new DOMException('', name));
  expect(named('NotAllowedError')).toBe('refused');
  expect(named('NotReadableError')).toBe('busy');
  expect(named('NotFoundError')).toBe('missing');
  expect(named('OverconstrainedError')).toBe('missing');
  expect(troubleOf('nonsense')).toBe('missing');
});
