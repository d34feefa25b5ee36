// How an ID number is typed and shown. Whether it is right, Rust says (`check_field`); here is only when to ask.

/** What was typed, as it is sent: half-width, no spaces, a final x as X; everything else kept, so that errors are seen. */
export function tidyIdNumber(typed: string): string {
  const half = [...typed].map((c) => (c >= '！' && c <= '～' ? String.fromCharCode(c.charCodeAt(0) - 0xfee0) : c)).join('');
  return half.replace(/[\s\u3000-]/g, '').toUpperCase().slice(0, 18);
}

/** In groups as on the card: place, birth date, order and check: `110105 19491231 002X`. */
export function groupIdNumber(tidy: string): string {
  return [tidy.slice(0, 6), tidy.slice(6, 14), tidy.slice(14)].filter((group) => group !== '').join(' ');
}

/** Long enough to be checked while typing: 18 characters, the length on every card issued since 1999. */
export const isComplete = (tidy: string): boolean => tidy.length === 18;

/** Where the caret stands in the grouped text after `before` characters of the tidy one. */
export function caretInGroups(before: number): number {
  return before + (before > 6 ? 1 : 0) + (before > 14 ? 1 : 0);
}

/** The province that an ID number's first two digits name, as a division code; empty if there are none. */
export const provinceOf = (tidy: string): string => (/^\d{2}/.test(tidy) ? `${tidy.slice(0, 2)}0000` : '');
