// The tests of the server and of its connections once more, over Node's streams alone.
import { transportSettings } from './transport.ts';

transportSettings.first = 'streams';
await import('./transport.test.ts');
await import('./server.test.ts');
