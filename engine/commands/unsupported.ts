// Commands of Redis that this engine lacks on purpose or for now: asked for one of them it says so
// instead of calling it unknown.

const groups: readonly (readonly [what: string, names: string])[] = [
  ['streams', 'xack xadd xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup '
    + 'xrevrange xsetid xtrim'],
  ['scripting', 'eval eval_ro evalsha evalsha_ro script'],
  ['functions', 'fcall fcall_ro function'],
  ['cluster mode', 'asking cluster readonly readwrite'],
  ['replication', 'failover psync replconf replicaof role slaveof sync'],
  ['modules', 'module'],
  ['access control lists', 'acl'],
  ['geo indexes', 'geoadd geodist geohash geopos georadius georadius_ro georadiusbymember '
    + 'georadiusbymember_ro geosearch geosearchstore'],
  ['lists', 'blmove blmpop blpop brpop brpoplpush lindex linsert llen lmove lmpop lpop lpos lpush '
    + 'lpushx lrange lrem lset ltrim rpop rpoplpush rpush rpushx'],
  ['hashes', 'hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield '
    + 'hscan hset hsetnx hstrlen hvals'],
  ['sets', 'sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers '
    + 'smismember smove spop srandmember srem sscan sunion sunionstore'],
  ['sorted sets', 'bzmpop bzpopmax bzpopmin zadd zcard zcount zdiff zdiffstore zincrby zinter '
    + 'zintercard zinterstore zlexcount zmpop zmscore zpopmax zpopmin zrandmember zrange '
    + 'zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex zremrangebyrank '
    + 'zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion '
    + 'zunionstore'],
  ['bitmaps', 'bitcount bitfield bitfield_ro bitop bitpos getbit setbit'],
  ['HyperLogLog', 'pfadd pfcount pfdebug pfmerge pfselftest'],
  ['publish and subscribe', 'psubscribe publish pubsub punsubscribe spublish ssubscribe subscribe '
    + 'sunsubscribe unsubscribe'],
];

const whatByName: ReadonlyMap<string, string> = new Map(
  groups.flatMap(([what, names]) => names.split(' ').map((name) => [name, what] as const)),
);

/** What a command of Redis belongs to that this engine has not; undefined for any other name. */
export function unsupportedGroup(lowerName: string): string | undefined {
  return whatByName.get(lowerName);
}
