// What the process that loads a backup is told, and what it answers.

/** How the data lies in a directory: what a server must be told to load it. */
export type DataForm =
  /** A snapshot. */
  | { readonly kind: 'rdb'; readonly fileName: string }
  /** A log with a manifest in a folder of its own. */
  | { readonly kind: 'aof'; readonly folderName: string; readonly prefix: string }
  /** A log of Redis 6 and before: one file. */
  | { readonly kind: 'single-aof'; readonly fileName: string };

/** What to look at. */
export interface LoadRequest {
  readonly directory: string;
  readonly form: DataForm;
  /** The moment that deadlines are compared with, ms since 1970: the same keys at every check. */
  readonly atMs: number;
  /** Cut a log of a copy that ends inside a command behind its last whole one. */
  readonly cutTail: boolean;
}

/** What came of it. */
export type LoadAnswer =
  | { readonly kind: 'loaded'; readonly digest: string; readonly keys: number;
      /** Bytes cut off the last file of the log. */
      readonly cutBytes: number }
  /** The files may be whole: this engine does not know what they hold. */
  | { readonly kind: 'unknown'; readonly why: string; readonly isNewer: boolean }
  | { readonly kind: 'damaged'; readonly why: string };
