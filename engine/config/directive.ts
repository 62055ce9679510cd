// What a directive is: a row of the table of directives.ts, and the values that it may have.

/** `save <seconds> <changes>`. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** `rename-command <name> <newName>`; an empty one takes the command away. */
export interface Rename {
  readonly name: string;
  readonly newName: string;
  /** For messages: where it was written. */
  readonly where: string;
}

/** Unsent output of one client: cut above `hardBytes`, or above `softBytes` so long; 0 = off. */
export interface OutputLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

/** Per client class; `slave` clients do not exist, their limit is kept to be shown. */
export interface OutputLimits {
  readonly normal: OutputLimit;
  readonly slave: OutputLimit;
  readonly pubsub: OutputLimit;
}

export type DirectiveValue =
  | number
  | boolean
  | string
  | readonly string[]
  | readonly SavePoint[]
  | readonly Rename[]
  | OutputLimits;

export type DirectiveKind =
  | 'integer' | 'octal' | 'memory' | 'flag' | 'choice' | 'choices' | 'text' | 'words' | 'save'
  | 'renames' | 'output-limits';

/** May CONFIG SET change it? `protected`: not without enable-protected-configs, as in Redis. */
export type Mutability = 'mutable' | 'immutable' | 'protected';

/** One row of the table. */
export interface Directive {
  readonly name: string;
  readonly kind: DirectiveKind;
  readonly initial: DirectiveValue;
  readonly mutability: Mutability;
  /** Bounds (included) of integers, and of memory in bytes. */
  readonly min?: number;
  readonly max?: number;
  /** Larger and smaller ones become the bound, as `hz` of Redis. */
  readonly clips?: boolean;
  readonly choices?: readonly string[];
  /** Not shown by CONFIG GET, as in Redis. */
  readonly hidden?: boolean;
  /** What is wrong with a well-formed value, or null. */
  readonly check?: (value: DirectiveValue) => string | null;
  /** How CONFIG GET shows a text that may be written in several ways. */
  readonly spelling?: (text: string) => string;
  readonly help: string;
}
