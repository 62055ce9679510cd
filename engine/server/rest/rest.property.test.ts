// Any bytes on the REST edge: requests become commands or a RestError, replies become JSON.

import test from 'ava';
import * as fc from 'fast-check';
import { ReplyWriter } from '../../resp/reply-writer.ts';
import { JsonReplies } from './reply-json.ts';
import { commandsOf, percentDecoded, RestError, targetOf } from './rest-request.ts';

const seed = Math.floor(Math.random() * 2 ** 31);
const settings = { seed, numRuns: 500 };
const methods = fc.constantFrom('GET', 'POST', 'PUT', 'HEAD');
const nearlyUrls = fc.array(fc.constantFrom('/', '%', '%4', '%41', '%ff', '?', '=', '&', '#', '+',
  'pipeline', 'multi-exec', 'get', '_token', ' ', 'ä', '[', '\0')).map((parts) =>
  `/${parts.join('')}`);
const bodies = fc.oneof(
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
  fc.array(fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean()))).map((value) =>
    Buffer.from(JSON.stringify(value))),
);

test(`a request becomes commands or is refused in words (seed ${seed})`, (t) => {
  fc.assert(fc.property(methods, nearlyUrls, bodies, (method, url, body) => {
    try {
      const { commands } = commandsOf(method, targetOf(url), body);
      return commands.length > 0 && commands.every((parts) =>
        parts.length > 0 && parts.every((part) => Buffer.isBuffer(part)));
    } catch (error) {
      return error instanceof RestError && error.status >= 400 && error.status < 500
        && error.message.startsWith('ERR ');
    }
  }), settings);
  t.pass();
});

test(`any bytes survive the path (seed ${seed})`, (t) => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const text = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    return percentDecoded(text).equals(Buffer.from(bytes));
  }), settings);
  t.pass();
});

interface Value { readonly write: (reply: ReplyWriter) => void; readonly json: unknown }

const { value: values } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 },
    fc.string().map((text): Value => ({ write: (reply) => reply.bulkText(text), json: text })),
    fc.integer().map((n): Value => ({ write: (reply) => reply.integer(n), json: n })),
    fc.constant<Value>({ write: (reply) => reply.nil(), json: null }),
    fc.constant<Value>({ write: (reply) => reply.nilArray(), json: null }),
    fc.constant<Value>({ write: (reply) => reply.ok(), json: 'OK' }),
    fc.array(tie('value'), { maxLength: 4 }).map((items): Value => ({
      write: (reply) => {
        reply.array(items.length);
        for (const item of items) item.write(reply);
      },
      json: items.map(({ json }) => json),
    }))),
}));

test(`replies become the JSON that says the same (seed ${seed})`, (t) => {
  fc.assert(fc.property(fc.array(values), (replies) => {
    const writer = new ReplyWriter();
    for (const { write } of replies) write(writer);
    const reader = new JsonReplies(writer.buffer.subarray(0, writer.length), false);
    const found: unknown[] = [];
    while (!reader.atEnd) found.push(JSON.parse(reader.object()));
    return JSON.stringify(found) === JSON.stringify(replies.map(({ json }) => ({ result: json })));
  }), settings);
  t.pass();
});
