// The limits of the request protocol, in one place. They equal Redis' defaults.

/** Longest line before its end must have come: counts of a multibulk, inline requests; bytes. */
export const maxLineBytes: number = 64 * 1024;

/** Most arguments that one request may announce. */
export const maxArguments = 0x7fffffff;

/** Default of `proto-max-bulk-len`; bytes. */
export const defaultMaxBulkBytes: number = 512 * 1024 * 1024;

/** Longest bulk of a log, whatever the limit was when it was written: offsets are int32. */
export const logMaxBulkBytes: number = 0x7fffffff;

/** Before AUTH a request may have so many arguments of so many bytes each, as in Redis. */
export const strangerArguments = 10;
export const strangerBulkBytes = 16384;
