// What is wrong with the screen that is shown, by measure. Runs inside the page.

/** A line for each fault: sideways scrolling, text that is cut off, targets and text too small, contrast too weak. */
export function faults() {
  const LEAST_TEXT = 22;
  const LEAST_TARGET = 60;
  const LEAST_CONTRAST = 7;
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`${root.scrollWidth - root.clientWidth} px to scroll sideways`);

  const top = document.querySelector('dialog[open]') ?? document.body;
  const seen = [...top.querySelectorAll('*')].filter((element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return box.width > 1 && box.height > 1 && style.visibility === 'visible' && !element.closest('.unseen');
  });
  const nameOf = (element) => element.dataset.testid ?? `${element.tagName.toLowerCase()} "${element.textContent.trim().slice(0, 20)}"`;

  // Where nothing scrolls, all of the words must be in sight.
  for (const element of document.querySelectorAll('[data-testid=instruction], [data-testid=opening], [data-testid=hint]')) {
    const box = element.getBoundingClientRect();
    const frame = element.parentElement.getBoundingClientRect();
    if (box.top < frame.top - 1 || box.bottom > frame.bottom + 1 || frame.bottom > innerHeight + 1) found.push(`${nameOf(element)} is cut off`);
    if (element.parentElement.scrollHeight > element.parentElement.clientHeight + 1) found.push(`${nameOf(element)} has words out of sight`);
    if (element.scrollWidth > element.clientWidth + 1) found.push(`${nameOf(element)} is too wide`);
  }
  for (const input of document.querySelectorAll('input')) {
    if (parseFloat(getComputedStyle(input).fontSize) < LEAST_TEXT) found.push(`${nameOf(input)} has small text`);
  }

  for (const element of seen) {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const ownText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');
    if (element.matches('button, input, a')) {
      if (box.height < LEAST_TARGET || box.width < LEAST_TARGET) found.push(`${nameOf(element)} is ${box.width.toFixed()}x${box.height.toFixed()}`);
      if (element.scrollWidth > element.clientWidth + 1) found.push(`${nameOf(element)} is cut off`);
    }
    if (!ownText) continue;
    if (box.left < -1 || box.right > root.clientWidth + 1) found.push(`${nameOf(element)} reaches out of the screen`);
    if (parseFloat(style.fontSize) < LEAST_TEXT) found.push(`${nameOf(element)} has ${style.fontSize} text`);
    if (parseFloat(style.lineHeight) / parseFloat(style.fontSize) < 1.3 && box.height > 1.6 * parseFloat(style.lineHeight))
      found.push(`${nameOf(element)} has tight lines`);
    const weight = contrast(colourOf(style.color), groundOf(element));
    if (weight < LEAST_CONTRAST) found.push(`${nameOf(element)} has contrast ${weight.toFixed(1)}`);
  }
  return found;

  function colourOf(text) {
    const [r, g, b, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return { r, g, b, a };
  }
  function groundOf(element) {
    for (let at = element; at; at = at.parentElement) {
      const colour = colourOf(getComputedStyle(at).backgroundColor);
      // A nearly opaque ground over the camera picture counts as its worst case: over white.
      if (colour.a >= 0.8) return mix(colour, { r: 255, g: 255, b: 255 });
    }
    return { r: 255, g: 253, b: 247 };
  }
  function mix(over, under) {
    const part = (name) => over[name] * over.a + under[name] * (1 - over.a);
    return { r: part('r'), g: part('g'), b: part('b') };
  }
  function contrast(one, other) {
    const light = ({ r, g, b }) => {
      const [x, y, z] = [r, g, b].map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const [bright, dim] = [light(one), light(other)].sort((a, b) => b - a);
    return (bright + 0.05) / (dim + 0.05);
  }
}
