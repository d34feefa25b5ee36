// Makes a text as large as its box allows, never larger than its style says and never smaller than body text.

import type { Attachment } from 'svelte/attachments';

/** Body text: nothing is smaller. */
const LEAST = 22;
const STEP = 2;
/** So much of the size is given up to keep phrases whole, if that keeps them whole; more only to fit at all. */
const FOR_PHRASES = 0.68;

/** Fits the element's text into it, again whenever `text` or the element's size changes. */
export function fitText(text: string): Attachment<HTMLElement> {
  return (element) => {
    void text;
    const fit = () => {
      element.style.fontSize = '';
      const full = parseFloat(getComputedStyle(element).fontSize);
      const largest = shrunk(element, full, LEAST, overflows);
      const whole = shrunk(element, largest, Math.max(LEAST, full * FOR_PHRASES), breaksPhrase);
      if (breaksPhrase(element, whole)) element.style.fontSize = `${largest}px`;
    };
    const watcher = new ResizeObserver(fit);
    if (element.parentElement) watcher.observe(element.parentElement);
    fit();
    return () => watcher.disconnect();
  };
}

/** The largest size from `from` down to `least` at which `faulty` finds nothing; the element has that size then. */
function shrunk(element: HTMLElement, from: number, least: number, faulty: (element: HTMLElement, size: number) => boolean): number {
  let size = from;
  element.style.fontSize = `${size}px`;
  while (size > least && faulty(element, size)) {
    size = Math.max(least, size - STEP);
    element.style.fontSize = `${size}px`;
  }
  return size;
}

const overflows = ({ parentElement: box, scrollWidth, clientWidth }: HTMLElement): boolean =>
  scrollWidth > clientWidth || (box !== null && box.scrollHeight > box.clientHeight);

/** Whether one of several phrases takes more than a line. */
function breaksPhrase(element: HTMLElement, size: number): boolean {
  const phrases = [...element.querySelectorAll<HTMLElement>('[data-phrase]')];
  return phrases.length > 1 && phrases.some((phrase) => phrase.offsetHeight > 2 * size);
}
