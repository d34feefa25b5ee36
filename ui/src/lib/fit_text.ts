// Makes a text as large as its box allows, never larger than its style says and never smaller than body text.

import type { Attachment } from 'svelte/attachments';

/** Body text: nothing is smaller. */
const LEAST = 22;
const STEP = 2;

/** Fits the element's text into it, again whenever `text` or the element's size changes. */
export function fitText(text: string): Attachment<HTMLElement> {
  return (element) => {
    void text;
    const fit = () => {
      element.style.fontSize = '';
      let size = parseFloat(getComputedStyle(element).fontSize);
      while (size > LEAST && overflows(element)) {
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
