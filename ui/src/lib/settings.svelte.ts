// What a person set once and keeps: text size, language, sound. Nothing personal. Rust keeps it, because the page's own storage
// is forgotten with the window; where the disk fails, it lasts as long as the window.

import { keepPreferences } from './commands';
import { TEXT_SIZES, type Language, type Preferences, type TextSize } from './contract';
import { allBreakable, dictionaries, languageTag, type Dictionary } from './i18n';

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

  /** What was kept; `system` is the language until the person has chosen one. */
  load(kept: Preferences, system: Language): void {
    this.textSize = kept.textSize;
    this.language = kept.language ?? system;
    this.chosen = kept.language !== null;
    this.muted = kept.muted;
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
    const kept = { textSize: this.textSize, language: this.chosen ? this.language : null, muted: this.muted };
    keepPreferences(kept).catch(() => {});
    this.show();
  }

  private show(): void {
    const root = document.documentElement;
    root.dataset['text'] = this.textSize;
    root.lang = languageTag[this.language];
    document.title = dictionaries[this.language].appName;
  }
}

export const settings = new Settings();
