// Headless Chromium for tests and benches of the page.

import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

/** Chromium, or what CHROMIUM_BIN names. */
export const executablePath: string = process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium';

/** A browser that asks the network for nothing of its own. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ] });
}
