// Kills in windows that are too short to hit by chance: a faultfs holds the call that opens the
// window, the server is killed in it. The held call is answered when its process is gone. Once at
// the end of a load (kill-in-…), or again and again before it may come back (kills-in-…), which
// costs a start of the server each and not a trial.

import { RespClient } from '../drivers/resp/client.ts';
import { ReplyError } from '../drivers/resp/codec.ts';
import type { FaultRule } from '../faultfs/client.ts';
import { plainFault } from './fault.ts';
import type { Fault, FaultSite, Injection, RecoverySite } from './fault.ts';
import { killFault } from './kill.ts';
import { monotonicNs } from '../metrics/monotonic.ts';

interface Window {
  /** The call that is held. */
  readonly rule: Omit<FaultRule, 'fault'>;
  /** What makes the server come there. */
  readonly command: readonly string[];
}

// Without SCHEDULE it is refused while the log is rewritten, which a fast load brings about.
const bgsave = ['BGSAVE', 'SCHEDULE'];

const windows: Readonly<Record<string, Window>> = {
  'kill-in-bgsave': {
    rule: { calls: ['write', 'sync'], paths: 'temp-*.rdb' }, command: bgsave,
  },
  'kill-at-rdb-rename': {
    rule: { calls: ['rename'], paths: 'temp-*.rdb' }, command: bgsave,
  },
  'kill-in-rewrite': {
    rule: { calls: ['write', 'sync'], paths: 'temp-rewriteaof-*' }, command: ['BGREWRITEAOF'],
  },
  'kill-at-base-rename': {
    rule: { calls: ['rename'], paths: '**/*.base.*' }, command: ['BGREWRITEAOF'],
  },
  'kill-at-manifest-swap': {
    rule: { calls: ['rename'], paths: '**/*.manifest' }, command: ['BGREWRITEAOF'],
  },
  'kill-in-shutdown': {
    rule: { calls: ['sync'], paths: '**/*.incr.aof' }, command: ['SHUTDOWN'],
  },
};

/** Their names. */
export const aimedNames: readonly string[] = Object.keys(windows);

/** Kills in one window, one after the other. */
export const repeats = 25;
const repeated: ReadonlyMap<string, string> = new Map(
  ['kill-in-bgsave', 'kill-in-rewrite', 'kill-at-manifest-swap']
    .map((name) => [name.replace('kill', 'kills'), name]),
);

/** Their names, too. */
export const repeatedNames: readonly string[] = [...repeated.keys()];

/** The kills of that name. */
export function repeatedKills(name: string): Fault {
  const once = repeated.get(name) ?? '';
  return {
    ...plainFault, name, when: 'recovery', needsFaultfs: true,
    inject: () => Promise.resolve({ cutNs: monotonicNs(), applied: true, why: name }),
    harass: async (site) => {
      let met = 0;
      const missed: string[] = [];
      for (let kill = 0; kill < repeats; kill += 1) {
        const { applied, why } = await killAgain(once, site);
        if (applied) met += 1;
        else missed.push(why);
      }
      const why = [`killed ${met} of ${repeats} times in the window`, ...missed].join('; ');
      return { applied: met === repeats, why, kills: { met, of: repeats } };
    },
  };
}

async function killAgain(name: string, site: RecoverySite): Promise<Injection> {
  const running = await site.startServing();
  return inject(name, { running, disk: site.disk, seed: 0 });
}

const windowMs = 20_000;

/** The kill of that name. */
export function aimedKill(name: string): Fault {
  return {
    ...plainFault, name, when: 'end', needsFaultfs: true,
    inject: (site) => inject(name, site),
  };
}

async function inject(name: string, site: FaultSite): Promise<Injection> {
  const { disk, running } = site;
  const window = windows[name];
  if (disk.kind !== 'faultfs' || window === undefined) throw new Error(`${name} on ${disk.kind}`);
  // One write of a file shows that its window is open; the first of many would only begin it.
  const held = disk.nextHeld(windowMs); // before the rule: the call may come at once
  await disk.addFault(name, [{ ...window.rule, fault: { kind: 'freeze' } }]);
  const client = await RespClient.connect({ port: running.port, timeoutMs: windowMs });
  let refused = '';
  // SHUTDOWN never answers, and a server that is held cannot.
  client.call(...window.command).catch((error: unknown) => {
    if (error instanceof ReplyError) refused = `: ${error.message}`;
  });
  const call = await Promise.race([held, running.exited.then(() => null)]);
  const injection = await killFault.inject(site);
  client.close();
  await disk.removeFault(name);
  if (call === null) {
    const [first, ...rest] = [...window.rule.calls ?? [], window.rule.paths ?? ''];
    const what = `no ${[first, ...rest].join(' ')} within ${windowMs} ms`;
    return { ...injection, applied: false, why: `the window did not open: ${what}${refused}` };
  }
  const { applied } = injection;
  return { ...injection, applied, why: `killed in ${call.call} of ${call.newPath || call.path}` };
}
