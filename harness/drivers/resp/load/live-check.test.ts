// Keys that expire, read while the server lives: there well before the deadline, gone well after.

import test from 'ava';
import { OperationEncoder } from '../../../workloads/encoder.ts';
import { KIND_BRIEF, Operations } from '../../../workloads/operations.ts';
import { deadlineMarginMs, Reads } from '../../../workloads/reads.ts';
import type { WorkloadSpec } from '../../../workloads/spec.ts';
import { ValueCodec } from '../../../workloads/value.ts';
import { Batch } from './batch.ts';
import { LiveCheck } from './live-check.ts';
import { Outbox } from './outbox.ts';
import { ReplyParser } from './reply-parser.ts';

const spec: WorkloadSpec = {
  seed: 5, clients: 1, keysPerClient: 4, valueSizeBytes: 40, mix: 'chaos', startWallMs: 1.76e12,
};
const nothing = '$-1\r\n';
const refused = '-OOM no\r\n';

/** One client whose first operations are writes up to the first brief one, then it reads that. */
class Scene {
  nowMs = spec.startWallMs;
  readonly sequence: number;
  readonly deadlineMs: number;
  readonly check: LiveCheck;
  readonly #encoder = new OperationEncoder(spec);
  readonly #reads = new Reads(spec, 1, () => this.nowMs);
  readonly #parser = new ReplyParser();

  constructor() {
    const operations = new Operations(spec);
    let sequence = 1;
    for (; ; sequence++) {
      operations.load(0, sequence);
      if (operations.kind === KIND_BRIEF) break;
    }
    this.sequence = sequence;
    this.deadlineMs = operations.deadlineMs;
    this.check = new LiveCheck(spec, this.#reads);
  }

  write(replies: readonly string[] = ['+OK\r\n', '+QUEUED\r\n', '+QUEUED\r\n', '*0\r\n']): void {
    const batch = new Batch(0, 1, new Outbox());
    batch.fill(this.#encoder, this.sequence, 1);
    this.#answer(batch, replies);
  }

  /** A read of the brief key that is sent now, and answered `later` ms later. */
  read(reply: string, later = 0): void {
    const { nowMs } = this;
    const leftMs = this.deadlineMs - nowMs;
    if (Math.abs(leftMs) <= deadlineMarginMs) throw new Error('near its deadline');
    const batch = new Batch(0, 1, new Outbox());
    const brief = this.sequence * (leftMs > 0 ? 1 : -1);
    batch.fillMixed(this.#encoder, {
      maximumBytes: this.#reads.maximumBytes, isRead: () => true, briefOf: () => brief,
      encode: () => 0, encodeBrief: (...all) => this.#reads.encodeBrief(...all),
    }, { count: 1, turn: 1, sequence: this.sequence + 1 });
    this.nowMs += later;
    this.#answer(batch, [reply]);
  }

  value(sequence: number = this.sequence): string {
    const bytes = Buffer.alloc(spec.valueSizeBytes);
    new ValueCodec(spec).write(bytes, 0, 0, sequence);
    return `$${bytes.length}\r\n${bytes.toString('latin1')}\r\n`;
  }

  #answer(batch: Batch, replies: readonly string[]): void {
    for (const reply of replies) {
      const bytes = Buffer.from(reply, 'latin1');
      this.#parser.next(bytes, 0, bytes.length);
      const status = batch.reply(this.#parser);
      if (status !== 0) this.check.answered(batch, status, bytes);
    }
  }
}

type Row = readonly [name: string, act: (scene: Scene) => void, checked: number, wrong: RegExp | 0];

const rows: readonly Row[] = [
  ['there before its deadline', (it) => { it.write(); it.read(it.value()); }, 1, 0],
  ['gone before its deadline', (it) => { it.write(); it.read(nothing); }, 1,
    /client 0 read x:00000:\d{10} while .*, well before its deadline, and found nothing/],
  ['another write', (it) => { it.write(); it.read(it.value(1)); }, 1, /found write 1/],
  ['refused, and not there', (it) => {
    it.write([refused, refused, refused, refused]);
    it.read(nothing);
  }, 1, 0],
  ['refused, and there', (it) => {
    it.write([refused, refused, refused, refused]);
    it.read(it.value());
  }, 1, /well before its deadline, and found a value/],
  ['nobody knows whether it happened', (it) => {
    it.write(['+OK\r\n', '+QUEUED\r\n', '+QUEUED\r\n', '*2\r\n+OK\r\n-ERR\r\n']);
    it.read(nothing);
  }, 0, 0],
  ['an answer near its deadline says nothing', (it) => {
    it.write();
    it.read(nothing, it.deadlineMs - it.nowMs - deadlineMarginMs);
  }, 0, 0],
  ['gone after its deadline', (it) => {
    it.write();
    it.nowMs = it.deadlineMs + deadlineMarginMs + 1;
    it.read(nothing);
  }, 1, 0],
  ['there after its deadline', (it) => {
    it.write();
    it.nowMs = it.deadlineMs + deadlineMarginMs + 1;
    it.read(it.value());
  }, 1, /more than a second after its deadline, and found a value/],
];

for (const [name, act, checked, wrong] of rows) {
  test(`a brief key: ${name}`, (t) => {
    const scene = new Scene();
    act(scene);
    const result = scene.check.result();
    t.is(result.checked, checked);
    t.is(result.wrong, wrong === 0 ? 0 : 1);
    if (wrong !== 0) t.regex(result.words.join('\n'), wrong);
  });
}
