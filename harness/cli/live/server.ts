// `plugpull run --open`: the report of a run that goes on, on loopback, until the run ends. It only
// answers GET, and only to who names it by its address: no other page can read it.

import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reasonOf } from '../../errors.ts';
import { durationText, roundedText } from '../../plan/units.ts';
import { livePage } from './page.ts';
import type { LiveStatus } from './client.ts';
import type { RunStatus } from '../../report/progress.ts';
import type { RunRecord } from '../../report/record.ts';
import { sparkline } from '../../report/sparkline.ts';
import { renderHtml } from '../../report/write-html.ts';

/** What is served. */
export interface LiveSource {
  readonly id: string;
  /** Files that the record names are here. */
  readonly runDirectory: string;
  readonly status: () => RunStatus;
}

/** A server that runs. */
export interface LiveServer {
  readonly url: string;
  /** Takes the record as it is now; it is made when somebody asks for it. */
  update(record: () => RunRecord): void;
  /** Ends it at once, whoever still looks. */
  close(): void;
}

const waiting = '<!doctype html><meta charset="utf-8"><title>waiting</title>'
  + '<p>The first trial has not ended yet.</p>';

/** Listens on a free port of 127.0.0.1. */
export async function startLiveServer(source: LiveSource): Promise<LiveServer> {
  let latest: (() => RunRecord) | null = null;
  const page = livePage(source.id);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (!isOurs(request)) return send(response, 403, { text: 'not here' });
    if (path === '/') return send(response, 200, page);
    if (path === '/status') {
      return send(response, 200, { text: JSON.stringify(statusOf(source.status())), kind: 'json' });
    }
    if (path !== '/report') return send(response, 404, { text: 'not here' });
    const text = latest === null ? waiting : await renderHtml(latest(), source.runDirectory);
    return send(response, 200, { text });
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      send(response, 500, { text: reasonOf(error) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    update: (record) => {
      latest = record;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A name that leads here by somebody else's doing would let their page read the report. */
function isOurs({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && /^(127\.0\.0\.1|localhost):\d+$/.test(headers.host ?? '');
}

function statusOf({ trial, phase, rates, leftMs, trialsDone, trialsPlanned }: RunStatus):
LiveStatus {
  const rate = rates.at(-1);
  return {
    where: [
      `${trialsDone} of ${trialsPlanned} trials`,
      ...(leftMs === null ? [] : [`${durationText(Math.ceil(leftMs / 1000) * 1000)} left`]),
      ...(trial === null ? [] : [`${trial.cell} #${trial.index + 1}`, phase, trial.fault]),
    ].join(' · '),
    spark: sparkline(rates),
    rate: rate === undefined ? '' : `${roundedText(rate)} operations a second`,
    done: trialsDone, planned: trialsPlanned,
  };
}

interface Answer {
  readonly text: string;
  readonly kind?: 'json';
  /** The report brings its own. */
  readonly policy?: string;
}

function send(response: ServerResponse, code: number, { text, kind, policy }: Answer): void {
  response.writeHead(code, {
    'content-type': kind === 'json' ? 'application/json' : 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(policy === undefined ? {} : { 'content-security-policy': policy }),
  });
  response.end(text);
}
