// The closed list of what can go wrong in the engine: callers match on `code`, people read
// `message`.

/** Each code says what the reader of the message has to do. */
export const engineErrorCodes = [
  'ARENA_FULL', // the arena has no room: free keys or raise arena-bytes
  'ARENA_UNAVAILABLE', // the OS refused the reservation: lower arena-bytes
  'CONFIG_BAD', // a directive is unknown or its value is out of range: fix the configuration
  'PORT_UNAVAILABLE', // the address could not be bound: choose another port
  'DIRECTORY_UNUSABLE', // the data directory cannot be entered or written
  'RDB_BAD', // the snapshot is damaged: restore another copy
  'RDB_UNSUPPORTED', // the snapshot is whole but holds what this engine does not know
  'AOF_BAD', // the log is damaged: repair it with check-aof
  'AOF_TRUNCATED', // the log ends inside a command and may not be cut by itself
  'MANIFEST_BAD', // the manifest is damaged or names what does not exist
  'REPLY_TOO_LONG', // a command asks for more than one reply can hold: ask for less
  'OP_LOG_BAD', // an op log is damaged or from another version
] as const;

/** One of the documented failure codes of the engine. */
export type EngineErrorCode = (typeof engineErrorCodes)[number];

/** A failure that is the user's or the machine's, never a bug: its message is meant to be read. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
  }
}

/** What went wrong, for people: the message, which begins with the code for system errors. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
