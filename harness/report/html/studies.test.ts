// Studies on the page: forms of recovery by phase and size, file systems that came back first,
// background work, another way in.
import test from 'ava';
import { defineScenario } from '../../plan/define-scenario.ts';
import type { RunRecord, TrialRecord } from '../record.ts';
import type { StudyRecord, StudyWindow } from '../study-record.ts';
import { planOf, recordOf } from '../test-support.ts';
import { modelOf } from './model.ts';
import { recoveryGroups } from './recovery-lines.ts';
import { pageOf } from './test-support.ts';

const window: StudyWindow = {
  ms: 1000, qps: 40_000, p50Us: 300, p99Us: 900, p999Us: 3000, maxUs: 9000, worstP99Us: 2000,
  rssBytes: null, writtenBytes: null, amplification: null,
};
const edge = {
  perSecond: 9000, errors: 0, method: 'closed loop', correctedUs: null, statedMs: null,
  serverCpuUsPerOp: 9, generatorCpuShare: 0.4, latencyUs: { p50: 300, p99: 800, p999: 1, max: 2 },
  outageMs: 700, unanswered: 20, withOutageUs: null,
};

function studyOf(kind: string, keys: number): StudyRecord {
  if (kind === 'snapshot') {
    return {
      kind: 'snapshot', tookMs: 400, offeredPerSecond: null, copiedBytes: null, fileBytes: 1e6,
      before: window, during: { ...window, p99Us: 2700 }, after: window,
    };
  }
  if (kind === 'http') {
    const http = { ...edge, latencyUs: { ...edge.latencyUs, p99: 1600 } };
    return { kind: 'http', first: 'resp', resp: edge, http };
  }
  return {
    kind: 'recovery', cache: 'as asked', residentShare: 1, keys, diskBytes: keys * 100,
    tailCommands: 0, qpsBefore: 50_000, backMs: 900, generatorMs: 100,
  };
}

/** All three studies, and cuts of a real file system. */
const studied: RunRecord = recordOf(planOf([
  defineScenario({ name: 'forms', question: 'How soon?', measures: ['recovery'],
    forms: ['rdb', 'aof-rdb-base'], caches: ['warm', 'cold'], preloadKeys: [50_000, 200_000] }),
  defineScenario({ name: 'work', question: 'What?', measures: ['qps'], actions: ['bgsave'] }),
  defineScenario({ name: 'edge', question: 'What?', measures: ['qps'], edges: ['http'],
    settings: ['aof/always'] }),
  defineScenario({ name: 'cut', question: 'What?', measures: ['loss'], crash: ['block'],
    settings: ['aof/always'], fileSystems: ['ext4', 'xfs'] }),
]), (own, { cell }): TrialRecord => {
  const [first] = own.cuts;
  const block = {
    fileSystem: cell.fileSystem ?? 'ext4', cutMs: 2, mountMs: 1234, isClean: true, check: 'clean',
  };
  return {
    ...own,
    ...(cell.study === null ? {} : { study: studyOf(cell.study.kind, cell.preloadKeys) }),
    cuts: first === undefined ? [] : [cell.crash === 'block' ? { ...first, block } : first],
  };
});

test('each page cache and file system is a chart, each form and setting a line of it', (t) => {
  const groups = recoveryGroups(modelOf(studied)).map(({ title, lines }) => (
    [title, ...lines.map(({ label, recoveries }) => `${label} ${recoveries.length}`)]));
  t.deepEqual(groups, [
    ['', 'aof/always on ext4 1', 'aof/always on xfs 1'],
    ['bundled 0.1.0, warm page cache', 'rdb 2', 'aof-rdb-base 2'],
    ['bundled 0.1.0, cold page cache', 'rdb 2', 'aof-rdb-base 2'],
  ]);
});

test('the phases of coming back: file system first, the former rate last', (t) => {
  const page = pageOf(studied);
  for (const words of ['file system: mount, replay of its journal', 'start: spawn → listening',
    'load: listening → first answered read', 'first read → first write',
    'back to 95 % of the former write rate']) t.true(page.includes(words), words);
  t.true(page.includes('aof/always on xfs, keys of the load: file system: mount, replay of its '
    + 'journal 1.2 s'));
  t.regex(page, /<text class="value"[^>]*>1\.4 s<\/text>/, 'the mount is part of the time');
  t.regex(page, /<text class="value"[^>]*>171 ms \/ 900 ms<\/text>/, 'to the first write, back');
  t.regex(page, /warm page cache: time to serve again against the number of keys/);
});

test('background work and HTTP: what they cost is said and drawn', (t) => {
  const page = pageOf(studied);
  t.true(page.includes('In 1 of 1 cell the p99 was more than a tenth longer during the work than '
    + 'before it, most of all in bundled bgsave: 3 times'));
  t.true(page.includes('longer over HTTP than over RESP, most of all in bundled aof/always/http: '
    + '2 times'));
  t.false(/undefined|NaN|Infinity|\[object/.test(page.replaceAll(/<script>[^]*?<\/script>/g, '')));
});
