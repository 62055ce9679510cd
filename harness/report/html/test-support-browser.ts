// A real browser for tests of the page, where there is one.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { executablePath, startBrowser } from './test-support-chromium.ts';

const folder = mkdtempSync(join(tmpdir(), 'plugpull-pages-'));
let browser: Browser | null = null;

/** What tests that need a browser are declared with. */
export interface BrowserHere {
  /** `test.serial`, or its `skip`. */
  readonly browsing: typeof test.serial | typeof test.serial.skip;
  /** Ends the title of such a test: why it is skipped. */
  readonly why: string;
  /** For files of the tests; removed after them. */
  readonly folder: string;
}

/** Starts the browser before the tests of a file and ends it after them. */
export function browserHere(): BrowserHere {
  const isHere = existsSync(executablePath);
  test.before(async () => {
    if (isHere) browser = await startBrowser();
  });
  test.after.always(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const why = isHere ? '' : ` (skipped: chromium is not at ${executablePath})`;
  return { browsing: isHere ? test.serial : test.serial.skip, why, folder };
}

/** How a page is looked at. */
export interface PageLook {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
}

/** A page that is open. */
export interface OpenPage {
  readonly page: Page;
  /** Errors of the console and of scripts, and requests for anything but the page itself. */
  readonly trouble: string[];
}

/** Opens a page from a file, until the end of the test. */
export async function openPage(
  t: ExecutionContext, html: string, look: PageLook = {},
): Promise<OpenPage> {
  const file = join(folder, `${t.title.replaceAll(/\W+/g, '-')}.html`);
  writeFileSync(file, html);
  const trouble: string[] = [];
  const page = await (browser as Browser).newPage({
    viewport: { width: look.width ?? 1100, height: 900 }, colorScheme: look.scheme ?? 'light',
  });
  t.teardown(() => page.close());
  const url = pathToFileURL(file).href;
  page.on('console', (message) => trouble.push(message.text()));
  page.on('pageerror', (error) => trouble.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== url) trouble.push(`asked for ${request.url()}`);
  });
  await page.goto(url);
  return { page, trouble };
}
