// Stands in for engine/main.ts in tests of `plugpull engine`: says what it was given, and ends with
// the code of --exit, or with the signal that it was sent.

const args = process.argv.slice(2);
process.stdout.write(`engine ${args.join(' ')}\n`);
const at = args.indexOf('--exit');
if (at >= 0) {
  process.exitCode = Number(args[at + 1]);
} else {
  process.on('SIGTERM', () => process.exit(7));
  process.stdout.write('ready\n');
  setInterval(() => {}, 1000);
}
