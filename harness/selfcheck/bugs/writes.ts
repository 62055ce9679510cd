// Planted bugs: writes that are lost, doubled, moved, cut or changed on their way to the log.

import { always, withLog } from './planted.ts';
import type { PlantedBug } from './planted.ts';
import { DiskLayer, isLog, onDisk } from './disk-layer.ts';

/** Sees the writes to the log; `block` is a copy. */
abstract class LogWrites extends DiskLayer {
  protected count = 0;

  override write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    if (!isLog(this.pathOf(fd))) return this.inner.write(fd, bytes, offset, length);
    this.count++;
    this.block(fd, Uint8Array.from(bytes.subarray(offset, offset + length)));
    return length;
  }

  protected abstract block(fd: number, bytes: Uint8Array): void;

  protected put(fd: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.inner.write(fd, bytes, 0, bytes.length);
  }
}

class DroppedBlock extends LogWrites {
  block(fd: number, bytes: Uint8Array): void {
    if (this.count % 12 !== 0) this.put(fd, bytes);
  }
}

class DoubledBlock extends LogWrites {
  block(fd: number, bytes: Uint8Array): void {
    this.put(fd, bytes);
    if (this.count % 4 === 0) this.put(fd, bytes);
  }
}

class SwappedBlocks extends LogWrites {
  #held: { readonly fd: number; readonly bytes: Uint8Array } | null = null;

  block(fd: number, bytes: Uint8Array): void {
    const held = this.#held;
    this.#held = null;
    if (held === null && this.count % 5 === 0) {
      this.#held = { fd, bytes };
      return;
    }
    this.put(fd, bytes);
    if (held !== null && this.paths.has(held.fd)) this.put(held.fd, held.bytes);
  }
}

class ShiftedBlock extends LogWrites {
  block(fd: number, bytes: Uint8Array): void {
    this.put(fd, this.count % 10 === 0 ? Uint8Array.from([0, ...bytes]) : bytes);
  }
}

class ShortBlock extends LogWrites {
  block(fd: number, bytes: Uint8Array): void {
    this.put(fd, this.count % 10 === 0 ? bytes.subarray(0, bytes.length - 1) : bytes);
  }
}

class HalfBlock extends LogWrites {
  block(fd: number, bytes: Uint8Array): void {
    this.put(fd, this.count % 10 === 0 ? bytes.subarray(0, bytes.length >> 1) : bytes);
  }
}

class RepeatedBlock extends LogWrites {
  #previous: Uint8Array = new Uint8Array(0);

  block(fd: number, bytes: Uint8Array): void {
    this.put(fd, this.count % 10 === 0 ? this.#previous : bytes);
    this.#previous = bytes;
  }
}

/** In the pattern of a value, where no length and no name stands. */
class FlippedBit extends LogWrites {
  block(fd: number, bytes: Uint8Array): void {
    const at = Buffer.from(bytes.buffer).indexOf(':', Buffer.from(bytes.buffer).indexOf('0000:00'));
    const inValue = at + 12;
    if (this.count % 5 === 0 && at > 0 && inValue + 8 < bytes.length) {
      bytes[inValue + 4] = (bytes[inValue + 4] as number) ^ 0x80;
    }
    this.put(fd, bytes);
  }
}

/** The buffer is written when it is full, as with a stream of the C library. */
class Buffered extends LogWrites {
  #held: Uint8Array[] = [];

  block(fd: number, bytes: Uint8Array): void {
    this.#held.push(bytes);
    if (this.#held.length < 6) return;
    for (const held of this.#held) this.put(fd, held);
    this.#held = [];
  }

  override close(fd: number): void {
    if (isLog(this.pathOf(fd))) {
      for (const held of this.#held) this.put(fd, held);
      this.#held = [];
    }
    super.close(fd);
  }
}

/** A write that fails counts as done. */
class FailedWriteBelieved extends DiskLayer {
  override write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    if (!isLog(this.pathOf(fd))) return this.inner.write(fd, bytes, offset, length);
    try {
      this.inner.write(fd, bytes, offset, length);
    } catch {
      // As if nothing had happened.
    }
    return length;
  }
}

/** What a short write took counts as all of it. */
class ShortWriteBelieved extends DiskLayer {
  override write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    const count = this.inner.write(fd, bytes, offset, length);
    return isLog(this.pathOf(fd)) ? length : count;
  }
}

/** The log is opened for writing with its content gone. */
class TruncatedOnOpen extends DiskLayer {
  override open(path: string, mode: Parameters<DiskLayer['open']>[1]): number {
    return super.open(path, isLog(path) && mode === 'append' ? 'truncate' : mode);
  }
}

export const writeBugs: readonly PlantedBug[] = [
  {
    name: 'block-dropped', what: 'every twelfth write to the log is swallowed',
    settings: withLog, crashes: ['process'], finds: ['lost', 'hole', 'split', 'refused'], within: 5,
    wrap: onDisk(DroppedBlock),
  },
  {
    name: 'block-doubled', what: 'every fourth write to the log is done twice',
    settings: withLog, crashes: ['process'], finds: ['phantom', 'refused'], within: 10,
    wrap: onDisk(DoubledBlock),
  },
  {
    name: 'blocks-swapped', what: 'two writes to the log change places',
    settings: withLog, crashes: ['process'], finds: ['hole', 'lost', 'split', 'refused'],
    within: 10, wrap: onDisk(SwappedBlocks),
  },
  {
    name: 'wrong-offset', what: 'every tenth write to the log lands a byte too late',
    settings: withLog, crashes: ['process'], finds: ['refused', 'lost'], within: 5,
    wrap: onDisk(ShiftedBlock),
  },
  {
    name: 'last-byte-missing', what: 'every tenth write to the log leaves its last byte out',
    settings: withLog, crashes: ['process'], finds: ['refused', 'lost'], within: 5,
    wrap: onDisk(ShortBlock),
  },
  {
    name: 'half-block', what: 'every tenth write to the log stops half way',
    settings: withLog, crashes: ['process'], finds: ['refused', 'lost', 'torn'], within: 5,
    wrap: onDisk(HalfBlock),
  },
  {
    name: 'block-repeated', what: 'every tenth write to the log writes the one before it again',
    settings: withLog, crashes: ['process'], finds: ['lost', 'hole', 'phantom', 'split', 'refused'],
    within: 5, wrap: onDisk(RepeatedBlock),
  },
  {
    name: 'bit-flipped', what: 'a bit of a value changes on its way to the log',
    settings: withLog, crashes: ['process'], finds: ['torn', 'refused', 'lost'], within: 20,
    wrap: onDisk(FlippedBit),
  },
  {
    name: 'replies-before-write', what: 'writes to the log are six behind the replies',
    settings: withLog, crashes: ['process'], finds: ['lost'], within: 3, wrap: onDisk(Buffered),
  },
  {
    name: 'replies-before-write-power', what: 'the same, looked at by a power cut',
    settings: always, crashes: ['power'], finds: ['lost'], within: 3, wrap: onDisk(Buffered),
  },
  {
    name: 'failed-write-believed', what: 'a write that failed counts as done',
    settings: withLog, crashes: ['process'], finds: ['lost', 'hole', 'split', 'phantom', 'refused'],
    within: 60, faults: true, wrap: onDisk(FailedWriteBelieved),
  },
  {
    name: 'short-write-believed', what: 'what a short write took counts as all of it',
    settings: withLog, crashes: ['process'], finds: ['lost', 'refused', 'torn'], within: 60,
    faults: true, wrap: onDisk(ShortWriteBelieved),
  },
  {
    name: 'log-truncated-on-open', what: 'a start empties the log that it has just read',
    settings: withLog, crashes: ['process'], finds: ['lost', 'floor'], within: 10,
    wrap: onDisk(TruncatedOnOpen),
  },
];
