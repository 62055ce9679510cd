// What tests of the page ask a browser: which colours are too close, and what a keyboard reaches.
// The first two functions run in the page, so they use nothing from outside themselves.
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

import type { Page } from 'playwright-core';

/** Something that is drawn too faintly. */
export interface Faint {
  readonly what: string;
  /** As WCAG counts it: 1 to 21. */
  readonly ratio: number;
}

/** What was looked at, and what of it is below 4.5 for text, 3 for what a chart draws. */
export interface Contrasts {
  readonly texts: number;
  readonly shapes: number;
  readonly faint: readonly Faint[];
}

/** Measures every text and every shape of a chart that the page shows, by computed styles. */
export function contrastsOf(page: Page): Promise<Contrasts> {
  return page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    type Colour = readonly [red: number, green: number, blue: number, alpha: number];
    const parse = (text: string): Colour => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [red, green, blue, text.startsWith('rgb') ? alpha : 0];
    };
    const over = (top: Colour, below: Colour, opacity: number): Colour => {
      const share = top[3] * opacity;
      const mixed = (at: 0 | 1 | 2): number => top[at] * share + below[at] * (1 - share);
      return [mixed(0), mixed(1), mixed(2), 1];
    };
    const luminance = ([red, green, blue]: Colour): number => {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((each) => (
        each <= 10.3 ? each / 3294.6 : ((each / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element: Element | null): Colour => {
      if (element === null) return [255, 255, 255, 1];
      const own = parse(getComputedStyle(element).backgroundColor);
      return own[3] === 1 ? own : over(own, background(element.parentElement), 1);
    };
    const ratioOf = (element: Element, colour: string, opacity: number): number => {
      const ground = background(element);
      const [one, other] = [luminance(over(parse(colour), ground, opacity)), luminance(ground)];
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    };
    const faint: { what: string; ratio: number }[] = [];
    const check = (element: Element, ratio: number, least: number): void => {
      if (ratio >= least) return;
      const what = `${element.tagName} ${element.getAttribute('class') ?? ''} "${
        (element.textContent ?? '').trim().slice(0, 30)}"`;
      faint.push({ what, ratio: Math.round(ratio * 100) / 100 });
    };
    const isShown = (element: Element): boolean => element.getClientRects().length > 0;
    let texts = 0;
    for (const element of document.body.querySelectorAll('*')) {
      const hasText = [...element.childNodes].some((node) => (
        node.nodeType === Node.TEXT_NODE && (node.textContent ?? '').trim() !== ''));
      if (!hasText || !isShown(element) || element.closest('title,script,style') !== null) continue;
      const { color, fill } = getComputedStyle(element);
      texts += 1;
      check(element, ratioOf(element, element.closest('svg') === null ? color : fill, 1), 4.5);
    }
    let shapes = 0;
    for (const element of document.querySelectorAll('svg :is(path,rect,circle)')) {
      // The grid helps to read; nothing is told by it alone.
      if (!isShown(element) || element.closest('.grid') !== null) continue;
      const { fill, stroke, opacity, fillOpacity } = getComputedStyle(element);
      const drawn = [
        ...(fill === 'none' ? [] : [ratioOf(element, fill, Number(opacity) * Number(fillOpacity))]),
        ...(stroke === 'none' ? [] : [ratioOf(element, stroke, Number(opacity))]),
      ];
      shapes += 1;
      check(element, Math.max(1, ...drawn), 3);
    }
    return { texts, shapes, faint };
  });
}

/** What of the page a keyboard cannot reach, or reaches without showing it. */
export async function missedByKeyboard(page: Page): Promise<string[]> {
  const wanted = await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    const all = document.querySelectorAll<HTMLElement>(
      'a[href],button,input,summary,[tabindex="0"]');
    [...all].forEach((element, at) => (element.dataset['wanted'] = String(at)));
    return [...all].filter((element) => element.getClientRects().length > 0)
      .map((element) => element.dataset['wanted'] ?? '');
  });
  const reached = new Map<string, boolean>();
  for (let presses = 0; presses < wanted.length + 5; presses++) {
    await page.keyboard.press('Tab');
    const [at, isSeen] = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const isOutlined = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
      return [element.dataset['wanted'] ?? '', isOutlined] as const;
    });
    reached.set(at, isSeen);
  }
  return wanted.flatMap((at) => {
    const isSeen = reached.get(at);
    return isSeen === true ? [] : [`${at} ${isSeen === undefined ? 'not reached' : 'not shown'}`];
  });
}
