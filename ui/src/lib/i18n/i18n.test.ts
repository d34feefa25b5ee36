import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import lengths from '../../../voice/clips.json';
import prompts from '../../../voice/prompts.json';
import { ACTIONS, INSTRUCTIONS, LIMITATIONS } from '../contract';
import { allBreakable, breakable, dictionaries, fill, phrases, sayDate } from './index';

/** Every text with the path to it. */
function texts(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  return Object.entries(value as object).flatMap(([key, inner]) => texts(inner, `${path}/${key}`));
}
const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe('both languages', () => {
  const zh = new Map(texts(dictionaries.zh));
  const en = new Map(texts(dictionaries.en));

  it('say the same things, with the same places to fill', () => {
    expect([...en.keys()]).toEqual([...zh.keys()]);
    for (const [path, text] of zh) {
      expect(text.trim(), path).not.toBe('');
      expect(en.get(path)?.trim(), path).not.toBe('');
      expect(places(en.get(path) ?? ''), path).toEqual(places(text));
    }
  });

  it('are each in their own language', () => {
    const chinese = /\p{Script=Han}/u;
    for (const [path, text] of zh) if (!path.startsWith('/otherLanguage')) expect(text, path).toMatch(chinese);
    for (const [path, text] of en) if (!path.startsWith('/otherLanguage')) expect(text, path).not.toMatch(chinese);
  });

  it('have words for every instruction and every action', () => {
    for (const { capture, ready } of Object.values(dictionaries)) {
      expect(Object.keys(capture.instructions).sort()).toEqual([...INSTRUCTIONS].sort());
      expect(Object.keys(ready.cannot).sort()).toEqual([...ACTIONS].sort());
      expect(Object.keys(ready.limitations).sort()).toEqual([...LIMITATIONS].sort());
    }
  });
});

it('ask for consent in the very words that stand under its version', () => {
  const source = readFileSync(new URL('../../../../crates/journey/src/consent.rs', import.meta.url), 'utf8');
  // A line that ends in `\n\` goes on in the next; what is left of the breaks is white space.
  const plain = (text: string) => text.replace(/\\n\\\n/g, ' ').replace(/\s+/g, '');
  for (const { consent } of Object.values(dictionaries)) expect(plain(source)).toContain(plain(consent.text.join('')));
});

describe.each(['zh', 'en'] as const)('the voice in %s', (language) => {
  it('has a clip for every instruction, and a file of the stated length for every clip', () => {
    const clips = new URL(`../../../public/voice/${language}/`, import.meta.url);
    expect(Object.keys(lengths[language])).toEqual(Object.keys(prompts[language]));
    expect(Object.keys(prompts.en)).toEqual(Object.keys(prompts.zh));
    for (const instruction of INSTRUCTIONS) expect(lengths[language], instruction).toHaveProperty(instruction);
    for (const [clip, ms] of Object.entries(lengths[language])) {
      const bytes = readFileSync(new URL(`${clip}.mp3`, clips)).length;
      // 32 kbit/s is 4 bytes a millisecond; the frame padding adds up to a few hundred bytes.
      expect(bytes / 4, clip).toBeGreaterThan(ms * 0.9);
      expect(bytes / 4, clip).toBeLessThan(ms + 300);
    }
  });

  it('reads out the consent that the screen shows', () => {
    const { text, question } = dictionaries[language].consent;
    expect(prompts[language].consent).toBe([...text, question].join(language === 'zh' ? '' : ' '));
  });
});

it('fills places and leaves unknown ones visible', () => {
  expect(fill('{a} of {b}', { a: 1 })).toBe('1 of {b}');
});

it('says dates in the country’s own time', () => {
  expect(sayDate('2027-11-20T17:00:00Z', 'zh')).toBe('2027年11月21日');
  expect(sayDate('2027-11-20T17:00:00Z', 'en')).toBe('21 November 2027');
  expect(sayDate('soon', 'zh')).toBe('soon');
});

describe('Chinese', () => {
  const linesOf = (text: string) => breakable(text).split('\u200b');

  it('breaks between words, never before a mark or a word that clings', () => {
    const lines = linesOf('慢慢向左转头，再转回来');
    expect(lines.join('')).toBe('慢慢向左转头，再转回来');
    expect(lines.length).toBeGreaterThan(3);
    for (const [path, text] of texts(dictionaries.zh)) {
      expect(linesOf(text).join(''), path).toBe(text);
      for (const line of linesOf(text).slice(1)) expect(line, path).not.toMatch(/^[，。、；：？！”’）…]|^[的了吗]$/u);
    }
    expect(linesOf('慢慢张大嘴巴，再闭上')).toContain('张大嘴巴，');
  });

  it('parts what no line of the largest text would hold, and only that', () => {
    expect(linesOf('请再试一次，听到声音')).toEqual(['请', '再试一次，', '听到', '声音']);
    expect(linesOf('请再等等')).toEqual(['请再等等']);
  });

  it('keeps places to fill whole, and is the same when done twice', () => {
    for (const [path, text] of texts(dictionaries.zh)) {
      expect(places(breakable(text)), path).toEqual(places(text));
      expect(breakable(breakable(text)), path).toBe(breakable(text));
    }
    expect(allBreakable({ a: ['新疆维吾尔自治区', 'Look up'] })).toEqual({ a: [breakable('新疆维吾尔自治区'), 'Look up'] });
  });

  it('pauses at marks in headings; English stays as it is', () => {
    expect(phrases('慢慢向左转头，再转回来', 'zh')).toEqual(['慢慢向左转头，', '再转回来']);
    expect(phrases('2027年11月21日', 'zh')).toEqual(['2027年', '11月21日']);
    expect(phrases('Look up, then level', 'en')).toEqual(['Look up, then level']);
    expect(breakable('Look up, then level')).toBe('Look up, then level');
  });
});
