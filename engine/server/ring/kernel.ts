// What Node has no function for, through its foreign function interface: the three calls of
// io_uring, memory that is shared with the kernel, and a descriptor that wakes the event loop.
//
// The interface is experimental and not in every Node; containers often forbid io_uring. Nothing
// here is needed to serve: where something is missing `openKernel` says so with null.

import type * as Foreign from 'node:ffi';
import { isMainThread } from 'node:worker_threads';

/** Memory that never moves, with its address. */
export interface Region {
  readonly address: bigint;
  readonly bytes: ArrayBuffer;
}

/** Numbers of system calls, the same on x86-64 and arm64. */
const setupCall = 425;
const enterCall = 426;
const registerCall = 427;

/** io_uring_enter: hand out what has completed, too. */
const getEvents = 1;

/** mmap: readable and writable; private and anonymous, or shared with the pages faulted in. */
const readWrite = 3;
const anonymous = 0x22;
const sharedPopulated = 0x8001;

/** uv_poll_start: readable. */
const readable = 1;
const handleBytes = 4096;

const libcFunctions = {
  mmap: { arguments: ['u64', 'u64', 'i32', 'i32', 'i32', 'u64'], return: 'u64' },
  syscall: { arguments: ['i64', 'u64', 'u64', 'u64', 'u64'], return: 'i64' },
} as const;

/**
 * The same `syscall` with six arguments in registers, which is Node's fast path. What would be the
 * seventh, a size, counts only where the sixth is not null.
 */
const enterFunctions = {
  syscall: { arguments: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], return: 'i32' },
} as const;

const loopFunctions = {
  uv_poll_init: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
  uv_poll_start: { arguments: ['u64', 'i32', 'u64'], return: 'i32' },
  uv_unref: { arguments: ['u64'], return: 'void' },
} as const;

/** The calls; errors are negative or -1 without the reason, which nobody here needs. */
export class Kernel {
  private readonly foreign: typeof Foreign;
  private readonly libc: Foreign.DynamicLibraryResult<typeof libcFunctions>;
  private readonly loop: Foreign.DynamicLibraryResult<typeof loopFunctions>;
  private readonly enterWith: (
    call: number, ring: number, submitted: number, awaited: number, flags: number, mask: number,
  ) => number;

  /** @throws where a function is missing, as on another C library. */
  constructor(foreign: typeof Foreign) {
    this.foreign = foreign;
    this.libc = foreign.dlopen('libc.so.6', libcFunctions);
    this.enterWith = foreign.dlopen('libc.so.6', enterFunctions).functions.syscall;
    this.loop = foreign.dlopen(null, loopFunctions);
  }

  /** io_uring_setup: a descriptor, or negative; `parameters` is filled in. */
  setup(entries: number, parameters: Region): number {
    const { syscall } = this.libc.functions;
    return Number(syscall(BigInt(setupCall), BigInt(entries), parameters.address, 0n, 0n));
  }

  /** io_uring_register: negative where the kernel refuses. */
  register(ring: number, operation: number, argument: Region): number {
    const { syscall } = this.libc.functions;
    return Number(syscall(
      BigInt(registerCall), BigInt(ring), BigInt(operation), argument.address, 1n,
    ));
  }

  /** io_uring_enter without waiting: how many of the submitted were taken, negative for none. */
  enter(ring: number, submitted: number): number {
    return this.enterWith(enterCall, ring, submitted, 0, getEvents, 0);
  }

  /** Fresh memory full of zeros. */
  allocate(bytes: number): Region {
    return this.map(bytes, anonymous, { descriptor: -1, offset: 0 });
  }

  /** What a ring shares with the kernel at an offset. */
  share(bytes: number, descriptor: number, offset: number): Region {
    return this.map(bytes, sharedPopulated, { descriptor, offset });
  }

  /**
   * Calls back from the event loop whenever the descriptor is readable; does not keep the process
   * alive. `wake` must not throw: it is called by C.
   */
  watch(descriptor: number, wake: () => void): boolean {
    const { functions } = this.loop;
    const handle = this.allocate(handleBytes);
    const address = this.loop.lib.registerCallback(
      { arguments: ['pointer', 'i32', 'i32'], return: 'void' }, wake,
    );
    const loop = this.foreign.getCurrentEventLoop();
    if (functions.uv_poll_init(loop, handle.address, descriptor) !== 0) return false;
    if (functions.uv_poll_start(handle.address, readable, address) !== 0) return false;
    functions.uv_unref(handle.address);
    return true;
  }

  private map(bytes: number, kind: number, of: { descriptor: number; offset: number }): Region {
    const { mmap } = this.libc.functions;
    const address = mmap(0n, BigInt(bytes), readWrite, kind, of.descriptor, BigInt(of.offset));
    if (BigInt.asIntN(64, address) === -1n) throw new Error(`mmap of ${bytes} bytes failed`);
    return { address, bytes: this.foreign.toArrayBuffer(address, bytes, false) };
  }
}

/** The kernel's calls, or null on a system or a Node that does not have them. */
export function openKernel(): Kernel | null {
  const supported = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
  // In another thread the handle would have to be closed before its event loop ends.
  if (!supported || !isMainThread) return null;
  try {
    const foreign = quietly(() =>
      process.getBuiltinModule('node:ffi') as typeof Foreign | undefined);
    return foreign === undefined ? null : new Kernel(foreign);
  } catch {
    return null;
  }
}

/** Loading the module prints that it is experimental; who starts a server need not read that. */
function quietly<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
