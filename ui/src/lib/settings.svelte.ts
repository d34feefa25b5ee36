// What a person set once and keeps: text size, language, sound. Nothing personal. Kept in the WebView's local storage; where
// that fails (full, switched off) the settings last as long as the window.

import type { Language } from './contract';
import { allBreakable, dictionaries, languageTag, type Dictionary } from './i18n';

export const TEXT_SIZES = ['normal', 'large', 'huge'] as const;
export type TextSize = (typeof TEXT_SIZES)[number];

interface Kept {
  textSize: TextSize;
  language: Language | null;
  muted: boolean;
}

const KEY = 'jianzai.settings';

/** The dictionaries as they are shown. */
const shown: Record<Language, Dictionary> = { zh: allBreakable(dictionaries.zh), en: dictionaries.en };

class Settings {
  textSize = $state<TextSize>('normal');
  language = $state<Language>('zh');
  muted = $state(false);
  /** Whether the person chose a language; until then that of the system applies. */
  private chosen = false;

  get words(): Dictionary {
    return shown[this.language];
  }

  load(): void {
    const kept = read();
    if (kept.textSize && TEXT_SIZES.includes(kept.textSize)) this.textSize = kept.textSize;
    if (kept.language === 'zh' || kept.language === 'en') {
      this.language = kept.language;
      this.chosen = true;
    }
    this.muted = kept.muted === true;
    this.show();
  }

  /** The system's language, unless the person chose one. */
  suggest(language: Language): void {
    if (!this.chosen) this.language = language;
    this.show();
  }

  switchLanguage(): void {
    this.language = this.language === 'zh' ? 'en' : 'zh';
    this.chosen = true;
    this.keep();
  }

  setTextSize(size: TextSize): void {
    this.textSize = size;
    this.keep();
  }

  nextTextSize(): void {
    const next = TEXT_SIZES[(TEXT_SIZES.indexOf(this.textSize) + 1) % TEXT_SIZES.length];
    this.setTextSize(next ?? 'normal');
  }

  toggleSound(): void {
    this.muted = !this.muted;
    this.keep();
  }

  private keep(): void {
    const kept: Kept = { textSize: this.textSize, language: this.chosen ? this.language : null, muted: this.muted };
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // The settings last as long as the window.
    }
    this.show();
  }

  private show(): void {
    const root = document.documentElement;
    root.dataset['text'] = this.textSize;
    root.lang = languageTag[this.language];
    document.title = dictionaries[this.language].appName;
  }
}

function read(): Partial<Kept> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof kept === 'object' && kept !== null ? kept : {};
  } catch {
    return {};
  }
}

export const settings = new Settings();
