// What sets and sorted sets write to the log, in the form of effects.test.ts. Redis logs the same,
// but for SPOP with a count: there one SREM for each member.
export const setEffects: readonly (readonly [name: string, commands: string, logged: string])[] = [
  ['SADD', 'SADD s a b; SADD s a; SADD s a c', '0 SADD s a b|0 SADD s a c'],
  ['SREM', 'SADD s a b c; SREM s x; SREM s a x; SREM s b c; SREM s b',
    '0 SADD s a b c|0 SREM s a x|0 SREM s b c'],
  ['SMOVE', 'SADD s a b; SADD t b; SMOVE s t a; SMOVE s t x; SMOVE s s b; SMOVE s t b',
    '0 SADD s a b|0 SADD t b|0 SMOVE s t a|0 SMOVE s t b'],
  ['SPOP', 'SADD s a; SPOP s; SPOP s', '0 SADD s a|0 SREM s a'],
  ['SPOP of all', 'SADD s a b; SPOP s 5; SPOP s 5; SADD s c; SPOP s 0; SPOP s 1',
    '0 SADD s a b|0 DEL s|0 SADD s c|0 DEL s'],
  ['SPOP in a transaction', 'SADD s a; MULTI; SPOP s; EXEC', '0 SADD s a|MULTI|0 SREM s a|EXEC'],
  ['SINTERSTORE and its kin',
    'SADD s a; SINTERSTORE d s; SUNIONSTORE d s x; SDIFFSTORE d s; SDIFFSTORE d s s; '
    + 'SDIFFSTORE d s s; SINTERSTORE d x',
    '0 SADD s a|0 SINTERSTORE d s|0 SUNIONSTORE d s x|0 SDIFFSTORE d s|0 SDIFFSTORE d s s'],
  ['a stored result over an expired key', 'SADD s a; SET d v PX 5; sleep 10; SUNIONSTORE d s',
    '0 SADD s a|0 SET d v PXAT 1700000000005|0 DEL d|0 SUNIONSTORE d s'],
  ['reading sets', 'SADD s a; SMEMBERS s; SRANDMEMBER s 1; SINTER s s; SSCAN s 0; SINTERCARD 1 s',
    '0 SADD s a'],
  ['ZADD', 'ZADD z 1 a; ZADD z 1 a; ZADD z CH 2 a; ZADD z NX 5 a; ZADD z GT 1 a; ZADD z XX 1 b',
    '0 ZADD z 1 a|0 ZADD z CH 2 a'],
  ['ZADD INCR and ZINCRBY',
    'ZADD z INCR 1.5 a; ZADD z INCR 0 a; ZADD z NX INCR 1 a; ZINCRBY z 0 a; ZINCRBY z 0.1 a; '
    + 'ZINCRBY z 0 b',
    '0 ZADD z INCR 1.5 a|0 ZINCRBY z 0.1 a|0 ZINCRBY z 0 b'],
  ['ZREM', 'ZADD z 1 a 2 b; ZREM z x; ZREM z a x; ZREM z b',
    '0 ZADD z 1 a 2 b|0 ZREM z a x|0 ZREM z b'],
  ['ZPOPMIN and ZPOPMAX', 'ZADD z 1 a 2 b 3 c; ZPOPMIN z; ZPOPMAX z 0; ZPOPMAX z 9; ZPOPMIN z',
    '0 ZADD z 1 a 2 b 3 c|0 ZPOPMIN z|0 ZPOPMAX z 9'],
  ['ZMPOP', 'ZADD z 1 a 2 b 3 c; ZMPOP 2 x z MIN; ZMPOP 1 z MAX COUNT 9; ZMPOP 1 z MIN',
    '0 ZADD z 1 a 2 b 3 c|0 ZPOPMIN z 1|0 ZPOPMAX z 2'],
  ['blocking commands that need not wait',
    'ZADD z 1 a 2 b 3 c; BZPOPMIN x z 0; BZPOPMAX z 0; BZMPOP 0 2 x z MIN COUNT 5',
    '0 ZADD z 1 a 2 b 3 c|0 ZPOPMIN z|0 ZPOPMAX z|0 ZPOPMIN z 1'],
  ['ZREMRANGEBY…',
    'ZADD z 1 a 2 b 3 c; ZREMRANGEBYRANK z 5 6; ZREMRANGEBYRANK z 0 0; ZREMRANGEBYSCORE z 9 9; '
    + 'ZREMRANGEBYSCORE z 2 2; ZREMRANGEBYLEX z - (c; ZREMRANGEBYLEX z - +',
    '0 ZADD z 1 a 2 b 3 c|0 ZREMRANGEBYRANK z 0 0|0 ZREMRANGEBYSCORE z 2 2'
    + '|0 ZREMRANGEBYLEX z - +'],
  ['ZRANGESTORE and its kin',
    'ZADD z 1 a; ZRANGESTORE d z 0 -1; ZRANGESTORE d z 5 6; ZRANGESTORE d z 5 6; '
    + 'ZUNIONSTORE d 1 z WEIGHTS 2; ZINTERSTORE d 2 z x; ZDIFFSTORE d 2 z z',
    '0 ZADD z 1 a|0 ZRANGESTORE d z 0 -1|0 ZRANGESTORE d z 5 6|0 ZUNIONSTORE d 1 z WEIGHTS 2'
    + '|0 ZINTERSTORE d 2 z x'],
  ['reading sorted sets', 'ZADD z 1 a; ZRANGE z 0 -1; ZSCORE z a; ZUNION 1 z; ZRANDMEMBER z; '
    + 'ZCOUNT z 0 1; ZRANK z a', '0 ZADD z 1 a'],
];

/** How many changes INFO counts for a command, one after the other. */
export const setChanges: readonly (readonly [command: string, changes: number])[] = [
  ['SADD s a b c', 3], ['SADD s a d', 1], ['SREM s a b', 2], ['SREM s a', 0], ['SMOVE s t c', 2],
  ['SADD s c', 1], ['SMOVE s t c', 1], ['SPOP s', 1], ['SADD t d e', 2], ['SPOP t 2', 2],
  ['SPOP t 5', 1], ['ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g', 7], ['ZADD z 1 a 3 b', 1],
  ['ZINCRBY z 1 a', 1], ['ZINCRBY z 0 a', 0], ['ZPOPMIN z', 1], ['ZPOPMAX z 2', 2],
  ['ZMPOP 1 z MIN COUNT 2', 2], ['ZREM z d x', 1], ['ZADD z 1 a 2 b', 2],
  ['ZREMRANGEBYRANK z 0 1', 2], ['ZUNIONSTORE d 1 z', 1], ['ZADD w 1 a 2 b', 2],
  ['ZUNIONSTORE d 1 w', 1], ['ZRANGESTORE d w 5 6', 1], ['ZRANGESTORE d w 5 6', 0],
];
