// Stands in for engine/main: takes the same directives, answers INFO with its pid, and misbehaves as
// its data directory's file `behave` says.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const directives = new Map();
for (let at = 2; at < process.argv.length; at += 2) {
  directives.set(process.argv[at].slice(2), process.argv[at + 1]);
}
const file = path.join(directives.get('dir'), 'behave');
const behave = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : '';
console.log(`arguments ${process.argv.slice(2).join(' ')}`);
if (behave === 'exit') {
  console.error('Bad directive: sieve');
  console.error('did you mean save?');
  process.exit(3);
}
if (behave === 'ignore-sigterm') process.on('SIGTERM', () => console.log('no'));
if (behave === 'silent') setInterval(() => {}, 1000);
else {
  const pid = behave === 'foreign' ? 1 : process.pid;
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      const text = `# Server\r\nprocess_id:${pid}\r\n`;
      socket.write(`$${text.length}\r\n${text}\r\n`);
    });
  });
  server.on('error', (error) => {
    console.error(`Could not bind: ${error.message}`); // Node's text: listen EADDRINUSE: address…
    process.exit(1);
  });
  server.listen(Number(directives.get('port')), '127.0.0.1', () => {
    console.log('DB loaded from disk: 0.123 seconds');
    process.stdout.write('Ready to accept connections'); // no line end
  });
}
