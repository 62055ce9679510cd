// The checksum against its definition.
import test from 'ava';
import { Crc64 } from './crc64.ts';

/** The definition, bit by bit. */
function reference(bytes: Uint8Array): string {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1n) === 0n ? crc >> 1n : (crc >> 1n) ^ 0x95ac9329ac4bc9b5n;
    }
  }
  return crc.toString(16).padStart(16, '0');
}

function computed(bytes: Uint8Array): string {
  const crc = new Crc64();
  crc.update(bytes, 0, bytes.length);
  return crc.hex();
}

test('the check value of CRC-64/Jones', (t) => {
  t.is(computed(Buffer.from('123456789')), 'e9c6d914c4b8d9ca');
});

test('equals the definition at every length and alignment', (t) => {
  // Beyond 64 bytes sixteen at a time.
  const bytes = new Uint8Array(100).map((_, i) => (i * 167 + 13) & 255);
  for (let start = 0; start < 9; start++) {
    for (let end = start; end <= bytes.length; end++) {
      const part = bytes.subarray(start, end);
      t.is(computed(part), reference(part), `${start} to ${end}`);
    }
  }
});

test('equals the definition over more bytes than are taken at once', (t) => {
  const bytes = new Uint8Array(70_003).map((_, i) => Math.imul(i, 0x9e3779b1) >>> 13);
  t.is(computed(bytes), reference(bytes));
});

test('pieces give the same as the whole', (t) => {
  const bytes = new Uint8Array(300).map((_, i) => (i * 31) & 255);
  const whole = computed(bytes);
  for (let cut = 0; cut <= bytes.length; cut += 7) {
    const crc = new Crc64();
    crc.update(bytes, 0, cut);
    crc.update(bytes, cut, bytes.length);
    t.is(crc.hex(), whole);
  }
});

test('is written least significant byte first', (t) => {
  const crc = new Crc64();
  crc.update(Buffer.from('123456789'), 0, 9);
  const target = Buffer.alloc(8);
  crc.writeTo(target, 0);
  t.is(target.toString('hex'), 'cad9b8c414d9c6e9');
});
