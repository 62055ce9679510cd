// Commands of Redis that this engine lacks on purpose or for now: asked for one of them it says so
// instead of calling it unknown.

const groups: readonly (readonly [what: string, names: string])[] = [
  ['streams', 'xack xadd xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup '
    + 'xrevrange xsetid xtrim'],
  ['scripting', 'eval eval_ro evalsha evalsha_ro script'],
  ['functions', 'fcall fcall_ro function'],
  ['cluster mode', 'asking cluster readonly readwrite restore-asking'],
  ['replication', 'failover psync replconf replicaof role slaveof sync'],
  ['moving keys from server to server', 'migrate'],
  ['modules', 'module'],
  ['access control lists', 'acl'],
  ['geo indexes', 'geoadd geodist geohash geopos georadius georadius_ro georadiusbymember '
    + 'georadiusbymember_ro geosearch geosearchstore'],
];

const whatByName: ReadonlyMap<string, string> = new Map(
  groups.flatMap(([what, names]) => names.split(' ').map((name) => [name, what] as const)),
);

/** What a command of Redis belongs to that this engine has not; undefined for any other name. */
export function unsupportedGroup(lowerName: string): string | undefined {
  return whatByName.get(lowerName);
}
