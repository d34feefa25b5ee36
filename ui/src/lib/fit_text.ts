// Makes a text as large as its box allows, never larger than its style says and never smaller than body text.

import type { Attachment } from 'svelte/attachments';

/** Body text: nothing is smaller. */
const LEAST = 22;
const STEP = 2;
/** So much of the size is given up to keep phrases whole; more only to fit at all. */
const FOR_PHRASES = 0.8;

/** Fits the element's text into it, again whenever `text` or the element's size changes. */
export function fitText(text: string): Attachment<HTMLElement> {
  return (element) => {
    void text;
    const fit = () => {
      element.style.fontSize = '';
      const full = parseFloat(getComputedStyle(element).fontSize);
      let size = full;
      while (size > LEAST && (overflows(element) || (size > full * FOR_PHRASES && breaksPhrase(element, size)))) {
        size = Math.max(LEAST, size - STEP);
        element.style.fontSize = `${size}px`;
      }
    };
    const watcher = new ResizeObserver(fit);
    if (element.parentElement) watcher.observe(element.parentElement);
    fit();
    return () => watcher.disconnect();
  };
}

const overflows = ({ parentElement: box, scrollWidth, clientWidth }: HTMLElement): boolean =>
  scrollWidth > clientWidth || (box !== null && box.scrollHeight > box.clientHeight);

/** Whether one of several phrases takes more than a line. */
function breaksPhrase(element: HTMLElement, size: number): boolean {
  const phrases = [...element.querySelectorAll<HTMLElement>('[data-phrase]')];
  return phrases.length > 1 && phrases.some((phrase) => phrase.offsetHeight > 2 * size);
}
