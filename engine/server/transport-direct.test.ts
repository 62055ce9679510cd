// The tests of the server and of its connections once more, without a ring.
import { transportSettings } from './transport.ts';

transportSettings.first = 'direct';
await import('./transport.test.ts');
await import('./server.test.ts');
