// Keyspace events: what a listener hears of each command, the same from both servers.
import { conversation } from '../test-support/conversations.ts';
import type { Conversation, Line } from '../test-support/conversations.ts';

const pattern = '__key*__:*';
const classes = 'b: CONFIG SET notify-keyspace-events';
const listen: Line = [`a: PSUBSCRIBE ${pattern}`, `["psubscribe", "${pattern}", :1]`];
const off: Line = [`${classes} ""`, '+OK'];

/** `set k`: key k, event set, in database 0 unless another one is named: `set k 1`. */
function message(text: string): string {
  const [event = '', key = '', database = '0'] = text.split(' ');
  return `["pmessage", "${pattern}", "__keyevent@${database}__:${event}", "${key}"]`;
}

/** Commands in turn with the events that each of them is, `+` between several. */
function heard(
  name: string, letters: string, ...rows: readonly (readonly [command: string, events: string])[]
): Conversation {
  const lines = rows.flatMap(([command, events]): Line[] => {
    const said: Line = [`b: ${command}`, '…'];
    return events === '' ? [said] : [said, ['a', ...events.split('+').map(message)]];
  });
  return conversation(name, [`${classes} ${letters}`, '+OK'], listen, ...lines, off);
}

export const eventConversations: readonly Conversation[] = [
  conversation('the classes', [`${classes} KEA`, '+OK'],
    ['b: CONFIG GET notify-keyspace-events', '["notify-keyspace-events", "AKE"]'],
    [`${classes} Kgxtn`, '+OK'],
    ['b: CONFIG GET notify-keyspace-events', '["notify-keyspace-events", "gxtnK"]'],
    [`${classes} g$lshzxetdEmn`, '+OK'],
    ['b: CONFIG GET notify-keyspace-events', '["notify-keyspace-events", "AEm"]'],
    [`${classes} q`, "-ERR CONFIG SET failed (possibly related to argument "
      + "'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'."], off),
  conversation('both ways', [`${classes} KEA`, '+OK'], listen, ['b: SET k v', '+OK'],
    ['a', `["pmessage", "${pattern}", "__keyspace@0__:k", "set"]`, message('set k')], off),
  conversation('only the classes asked for', [`${classes} Kl`, '+OK'], listen,
    ['b: SET k v; LPUSH l x; DEL l', '+OK', ':1', ':1'],
    ['a', `["pmessage", "${pattern}", "__keyspace@0__:l", "lpush"]`],
    [`${classes} A`, '+OK'], ['b: SET k w', '+OK'], off),
  heard('strings', 'EA', ['SET k v', 'set k'], ['SET k v EX 100', 'set k+expire k'],
    ['SET k v KEEPTTL', 'set k'], ['SET k v NX', ''], ['SETEX k 100 v', 'set k+expire k'],
    ['PSETEX k 10000 v', 'set k+expire k'], ['SETNX k v', ''], ['SETNX new v', 'set new'],
    ['GETSET k w', 'set k'], ['MSET a 1 b 2', 'set a+set b'], ['MSETNX c 1 d 2', 'set c+set d'],
    ['APPEND k x', 'append k'], ['SETRANGE k 1 y', 'setrange k'], ['INCR a', 'incrby a'],
    ['DECRBY a 2', 'incrby a'], ['INCRBYFLOAT a 1.5', 'incrbyfloat a'],
    ['SETBIT bits 1 1', 'setbit bits'], ['BITFIELD bits SET u8 0 1', 'setbit bits'],
    ['BITOP NOT copy bits', 'set copy'], ['BITOP NOT copy none', 'del copy'],
    ['PFADD h x', 'pfadd h'], ['PFADD h x', ''], ['PFMERGE j h', 'pfadd j'],
    ['GETEX k EX 10', 'expire k'], ['GETEX k PERSIST', 'persist k'], ['GETEX k PERSIST', ''],
    ['GETEX k PXAT 1', 'del k'], ['GETDEL a', 'del a'], ['GET none', '']),
  heard('keys', 'EA', ['MSET a 1 b 2 c 3', 'set a+set b+set c'], ['DEL a x b', 'del a+del b'],
    ['UNLINK c', 'del c'], ['SET a 1', 'set a'], ['RENAME a b', 'rename_from a+rename_to b'],
    ['RENAMENX b a', 'rename_from b+rename_to a'], ['COPY a b', 'copy_to b'],
    ['COPY a b', ''], ['COPY a b DB 1', 'copy_to b 1'], ['MOVE a 1', 'move_from a+move_to a 1'],
    ['EXPIRE b 100', 'expire b'], ['PEXPIRE b 100000', 'expire b'], ['PERSIST b', 'persist b'],
    ['PERSIST b', ''], ['EXPIRE b -1', 'del b'], ['RPUSH l 3 1 2', 'rpush l'],
    ['SORT l STORE s', 'sortstore s'], ['SORT none STORE s', 'del s'],
    ['RESTORE r 0 "\\x00\\xc0\\x01\\n\\x00\\xcd\\x1f\\x5a\\xd5\\x0a\\xb7\\x85\\x0c"', ''],
    ['FLUSHALL', '']),
  heard('lists', 'EA', ['LPUSH l a b', 'lpush l'], ['RPUSHX l c', 'rpush l'], ['LPUSHX no c', ''],
    ['LINSERT l BEFORE c x', 'linsert l'], ['LSET l 0 y', 'lset l'], ['LREM l 0 x', 'lrem l'],
    ['LREM l 0 none', ''], ['LTRIM l 0 1', 'ltrim l'], ['LPOP l', 'lpop l'],
    ['RPOP l', 'rpop l+del l'], ['RPUSH l a b c d', 'rpush l'], ['LPOP l 2', 'lpop l'],
    ['LMOVE l m LEFT RIGHT', 'rpush m+lpop l'], ['RPOPLPUSH l m', 'lpush m+rpop l+del l'],
    ['LMOVE m m RIGHT LEFT', 'lpush m+rpop m'], ['LMPOP 2 l m LEFT', 'lpop m'],
    ['BLPOP l m 0', 'lpop m+del m'], ['RPUSH l a', 'rpush l'],
    ['BLMPOP 0 1 l RIGHT', 'rpop l+del l'], ['RPUSH l a', 'rpush l'],
    ['LTRIM l 5 6', 'ltrim l+del l']),
  heard('hashes', 'EA', ['HSET h a 1 b 2', 'hset h'], ['HMSET h a 1', 'hset h'],
    ['HSETNX h c 3', 'hset h'], ['HSETNX h c 3', ''], ['HINCRBY h a 1', 'hincrby h'],
    ['HINCRBYFLOAT h a 1.5', 'hincrbyfloat h'], ['HDEL h a x', 'hdel h'], ['HDEL h x', ''],
    ['HDEL h b c', 'hdel h+del h']),
  heard('sets', 'EA', ['SADD s a b c', 'sadd s'], ['SADD s a', ''], ['SREM s c', 'srem s'],
    ['SMOVE s t a', 'srem s+sadd t'], ['SMOVE s t b', 'srem s+del s+sadd t'],
    ['SUNIONSTORE u t', 'sunionstore u'], ['SINTERSTORE u t none', 'del u'],
    ['SDIFFSTORE u t none', 'sdiffstore u'], ['SPOP u', 'spop u'], ['SPOP u', 'spop u+del u'],
    ['SPOP t 5', 'spop t+del t']),
  heard('sorted sets', 'EA', ['ZADD z 1 a 2 b 3 c', 'zadd z'], ['ZADD z 1 a', ''],
    ['ZADD z INCR 1 a', 'zincr z'], ['ZINCRBY z 1 a', 'zincr z'], ['ZREM z c', 'zrem z'],
    ['ZPOPMIN z', 'zpopmin z'], ['ZPOPMAX z', 'zpopmax z+del z'],
    ['ZADD z 1 a 2 b 3 c 4 d 5 e 6 f', 'zadd z'], ['ZREMRANGEBYSCORE z 1 1', 'zremrangebyscore z'],
    ['ZREMRANGEBYRANK z 0 0', 'zremrangebyrank z'], ['ZREMRANGEBYLEX z - [c', 'zremrangebylex z'],
    ['ZUNIONSTORE u 1 z', 'zunionstore u'], ['ZINTERSTORE u 2 z none', 'del u'],
    ['ZDIFFSTORE u 1 z', 'zdiffstore u'], ['ZRANGESTORE u z 0 0', 'zrangestore u'],
    ['ZMPOP 1 u MIN', 'zpopmin u+del u'], ['BZMPOP 0 1 z MAX', 'zpopmax z'],
    ['BZPOPMIN z 0', 'zpopmin z'], ['BZPOPMAX z 0', 'zpopmax z+del z']),
  heard('new keys and misses', 'EAmn', ['SET k v', 'new k+set k'], ['SET k w', 'set k'],
    ['RPUSH l a', 'new l+rpush l'], ['RPUSH l a', 'rpush l'], ['MSET k 1 m 2 n 3',
      'set k+new m+set m+new n+set n'], ['GET none', 'keymiss none'],
    ['LLEN none', 'keymiss none'], ['DEL none', ''], ['COPY k c', 'new c+copy_to c'],
    ['SUNIONSTORE u none', 'keymiss none']),
  heard('deadlines that have passed', 'EA', ['SET k v PX 1', 'set k+expire k'],
    ['DEBUG SLEEP 0.01', 'expired k']),
  heard('inside MULTI', 'EA', ['MULTI', ''], ['SET k v', ''], ['LPUSH l x', ''],
    ['EXEC', 'set k+lpush l']),
  conversation('for a client that waits', [`${classes} EA`, '+OK'], listen, ['c: BLPOP l 0'],
    ['sleep 30'], ['b: LPUSH l x', ':1'], ['a', message('lpush l'), message('lpop l'),
      message('del l')], ['c', '["l", "x"]'], off),
];

/** Of commands that redis-server 7.0 lacks. */
export const newerEventConversations: readonly Conversation[] = [
  heard('fields with deadlines', 'EA', ['HSET h a 1 b 2 c 3 d 4', 'hset h'],
    ['HEXPIRE h 100 FIELDS 1 a', 'hexpire h'], ['HPERSIST h FIELDS 1 a', 'hpersist h'],
    ['HEXPIRE h 0 FIELDS 1 a', 'hdel h'], ['HGETDEL h FIELDS 1 b', 'hdel h'],
    ['HGETEX h EX 100 FIELDS 1 c', 'hexpire h'],
    ['HSETEX h EX 100 FIELDS 1 e 5', 'hset h+hexpire h'],
    ['HPEXPIRE h 1 FIELDS 1 d', 'hexpire h'], ['DEBUG SLEEP 0.01', 'hexpired h'],
    ['HGETDEL h FIELDS 2 c e', 'hdel h+del h']),
];
