import { expect, it } from 'vitest';
import { layOut, wayBack } from './oval';

const boxes = [
  { width: 390, height: 480 },
  { width: 320, height: 300 },
  { width: 620, height: 700 },
  { width: 900, height: 400 },
];
const frames = [
  { width: 640, height: 480 },
  { width: 480, height: 640 },
  { width: 640, height: 360 },
  { width: 400, height: 300 },
];

it('shows the whole oval in every box, at its place in the frame', () => {
  for (const box of boxes) {
    for (const frame of frames) {
      const laid = layOut(frame, box);
      expect(laid.oval.height).toBeLessThanOrEqual(box.height);
      expect(laid.oval.width).toBeLessThanOrEqual(box.width);
      expect(laid.oval.height / laid.frame.height).toBeCloseTo(0.7);
      expect(laid.frame.width / laid.frame.height).toBeCloseTo(frame.width / frame.height);
    }
  }
});

it('fills the box where the oval leaves room for that', () => {
  const laid = layOut({ width: 640, height: 480 }, { width: 390, height: 500 });
  expect(laid.frame.height).toBeCloseTo(500);
  expect(laid.frame.width).toBeGreaterThan(390);
});

it('keeps the oval clear of the buttons, and within the box', () => {
  for (const box of boxes) {
    for (const frame of frames) {
      const { oval, centre } = layOut(frame, box, 68);
      expect(centre - oval.height / 2).toBeGreaterThanOrEqual(68);
      expect(centre + oval.height / 2).toBeLessThanOrEqual(box.height + 1e-6);
    }
  }
});

it('says the way back as the person has it', () => {
  expect(wayBack({ dx: 0.3, dy: 0.1 })).toBe('right');
  expect(wayBack({ dx: -0.3, dy: 0.1 })).toBe('left');
  expect(wayBack({ dx: 0.1, dy: 0.3 })).toBe('up');
  expect(wayBack({ dx: 0, dy: -0.3 })).toBe('down');
});
