// The page of a run that goes on: where it is, how the rate goes, and the report as it grows. It
// asks the server that it came from, and nobody else.

import { startLive } from './client.ts';
import { html, policyHash } from '../../report/html/markup.ts';

const style = `
:root{color-scheme:light dark;font:16px/1.4 system-ui,sans-serif}
body{margin:0;display:flex;flex-direction:column;height:100vh}
header{padding:.6rem 1rem;border-bottom:1px solid GrayText}
h1{font-size:1rem;margin:0}p{margin:.2rem 0}
progress{width:100%}
#spark{font-family:monospace;white-space:pre}
iframe{border:0;flex:1;width:100%}`;

/** The page as text, and the policy that it is served with. */
export function livePage(id: string): { readonly text: string; readonly policy: string } {
  const script = `'use strict';(${startLive.toString()})();`;
  const policy = ["default-src 'none'", `style-src ${policyHash(style)}`,
    `script-src ${policyHash(script)}`, "connect-src 'self'", "frame-src 'self'", "base-uri 'none'",
    "form-action 'none'", "frame-ancestors 'none'"].join('; ');
  const text = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${id} · Plugpull</title><style>${{ html: style }}</style></head>
<body><header><h1>${id}</h1><p id="where" role="status">connecting</p>
<progress id="progress" max="1" value="0" aria-label="trials done"></progress>
<p><span id="spark" aria-hidden="true"></span> <span id="rate"></span></p></header>
<iframe id="report" title="The report so far"></iframe>
<script>${{ html: script }}</script></body></html>
`.html;
  return { text, policy };
}
