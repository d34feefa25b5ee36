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

/** The parts between marks, each with its mark; English as a whole, which breaks at its spaces. */
export const phrases = (text: string, language: Language): string[] =>
  language === 'zh' ? text.split(/(?<=[，。：；])/u).filter((part) => part !== '') : [text];

/** Text that may be broken between words only; Chinese has no spaces, and a broken word is hard to read large. */
export function breakable(text: string, language: Language): string {
  if (language !== 'zh' || !('Segmenter' in Intl)) return text;
  const words = [...new Intl.Segmenter('zh', { granularity: 'word' }).segment(text)];
  // No line begins with a mark, and none breaks around one that opens.
  return words.map(({ segment, isWordLike }, i) => (i > 0 && isWordLike && !/^[“‘（]$/.test(words[i - 1]?.segment ?? '') ? `\u200b${segment}` : segment)).join('');
}
