// The words of every reason, read from where Rust has them: what people are told is long or short as it is there.

import { readFileSync } from 'node:fs';

const source = (language) => readFileSync(new URL(`../../crates/wire/src/reason/words_${language}.rs`, import.meta.url), 'utf8');

/** Every reason of a language: its name in Rust, sentence and next step. */
export function reasons(language) {
  const arms = source(language).matchAll(/(\w+) =>\s*\{?\s*\(\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)",?\s*\)/g);
  const found = [...arms].map(([, name, sentence, nextStep]) => ({ code: name, sentence, nextStep }));
  if (found.length < 60) throw new Error(`only ${found.length} reasons are found in words_${language}.rs`);
  return found;
}

/** Those that may be said during a capture, and one longer than they are. */
export function hints(language) {
  const long = {
    zh: ['画面停顿了一下，我们重新开始。', '不着急，请看着手机，听提示慢慢做。'],
    en: ['The picture stopped for a moment. We begin again.', 'No hurry: look at the phone, and move slowly when you are asked.'],
  }[language];
  return [...reasons(language).filter(({ code }) => /^(Face|Action|Camera|DeviceSlow)/.test(code)), { code: 'Long', sentence: long[0], nextStep: long[1] }];
}
