// The words on the screens. A dictionary is a typed object, so a missing entry is a compile error, not an empty button.

import type { Language } from '../contract';
import { en } from './en';
import { zh } from './zh';

export type Dictionary = typeof zh;

export const dictionaries: Record<Language, Dictionary> = { zh, en };

/** The tag for `lang`, by which screen readers choose a voice and browsers a font. */
export const languageTag: Record<Language, string> = { zh: 'zh-Hans', en: 'en' };

/** Puts values into `{places}` of a text. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A date as people say it; the text itself if it isn't one. */
export function sayDate(iso: string, language: Language): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'Asia/Shanghai' }).format(date);
}

/** The parts between marks, each with its mark, and the year apart from the day; English as a whole, which breaks at its spaces. */
export const phrases = (text: string, language: Language): string[] =>
  language === 'zh' ? text.split(/(?<=[，。：；？]|\d年)/u).filter((part) => part !== '') : [text];

/** Words that the segmenter takes apart, or that mean little when a line ends within them. */
const KEPT = ['健在', '张大嘴巴', '抬起头', '低下头', '转回来', '一会儿', '身份证', '身份证号', '参保地', '养老金', '社保', '脸部', '摄像头', '圆框里'];
/** Small words that belong to the word before them. */
const CLINGS = /^[的了吗呢吧着得地们里上下中儿]$/u;
/** Small words that belong to the word after them, and marks that open. */
const LEADS = /^(?:[不没再很别把向请]|.*[“‘（《])$/u;
const BREAK = '\u200b';
/** Where a line is broken only if it must be. */
const LOOSE = '\u2060';

/** Text that may be broken between words only: Chinese has no spaces, and a broken word is hard to read large. Other scripts and
    `{places}` stay as they are. Done twice, it is as done once. */
export function breakable(text: string): string {
  if (!/\p{Script=Han}/u.test(text) || !('Segmenter' in Intl)) return text;
  return text.replaceAll(BREAK, '').split(/(\{\w+\})/).map((part) => (part.startsWith('{') ? part : spaced(part))).join('');
}

/** More characters than fit on a line of the largest text on the smallest screen. */
const TOO_LONG = 5;

function spaced(text: string): string {
  const words = [...new Intl.Segmenter('zh', { granularity: 'word' }).segment(text)];
  const mayStart = (i: number) => i > 0 && words[i]?.isWordLike && !CLINGS.test(words[i].segment);
  const clings = (i: number) => LEADS.test(words[i - 1]?.segment ?? '');
  const broken = words.map(({ segment }, i) => (mayStart(i) ? (clings(i) ? LOOSE : BREAK) : '') + segment).join('');
  const kept = KEPT.reduce((whole, word) => whole.replace(new RegExp([...word].join(`[${BREAK}${LOOSE}]?`), 'gu'), word), broken);
  // What would not fit on a line as a whole is better broken before a word than before a comma.
  const fits = (run: string) => run.replaceAll(LOOSE, '').length <= TOO_LONG;
  return kept.split(BREAK).map((run) => run.replaceAll(LOOSE, fits(run) ? '' : BREAK)).join(BREAK);
}

/** `value` with every text in it made breakable. */
export function allBreakable<T>(value: T): T {
  if (typeof value === 'string') return breakable(value) as T;
  if (Array.isArray(value)) return value.map(allBreakable) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, allBreakable(inner)])) as T;
}
