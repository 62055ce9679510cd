// DEBUG PROTOCOL: one sample of each type of reply, for whoever tests a client.
import type { CommandContext } from '../../context.ts';

const bigNumber = 1234567999999999999999999999999999999n;

type Sample = (ctx: CommandContext) => void;

const samples: Readonly<Record<string, Sample>> = {
  string: ({ reply }) => reply.bulkText('Hello World'),
  integer: ({ reply }) => reply.integer(12345),
  double: ({ reply }) => reply.double(3141 / 1000),
  bignum: ({ reply }) => reply.bigNumber(bigNumber),
  null: ({ reply }) => reply.nil(),
  array: (ctx) => {
    ctx.reply.array(3);
    count(ctx);
  },
  set: (ctx) => {
    ctx.reply.set(3);
    count(ctx);
  },
  map,
  attrib,
  push,
  verbatim: ({ reply }) => reply.verbatim('txt', 'This is a verbatim\nstring'),
  true: ({ reply }) => reply.boolean(true),
  false: ({ reply }) => reply.boolean(false),
};

function count({ reply }: CommandContext): void {
  for (let i = 0; i < 3; i++) reply.integer(i);
}

function map({ reply }: CommandContext): void {
  reply.map(3);
  for (let i = 0; i < 3; i++) {
    reply.integer(i);
    reply.boolean(i === 1);
  }
}

function attrib({ reply }: CommandContext): void {
  if (reply.protocol === 3) {
    const attribute = Buffer.from('|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n');
    reply.raw(attribute, 0, attribute.length);
  }
  reply.bulkText('Some real reply following the attribute');
}

function push({ reply }: CommandContext): void {
  if (reply.protocol === 2) {
    reply.error('ERR RESP2 is not supported by this command');
    return;
  }
  reply.push(2);
  reply.bulkText('server-cpu-usage');
  reply.integer(42);
  reply.bulkText('Some real reply following the push reply');
}

/** Answers with the sample of that name, or with the list of names. */
export function protocolSample(ctx: CommandContext, name: string): void {
  const sample = Object.hasOwn(samples, name) ? samples[name] : undefined;
  if (sample !== undefined) sample(ctx);
  else {
    ctx.reply.error('ERR Wrong protocol type name. Please use one of the following: '
      + Object.keys(samples).join('|'));
  }
}
