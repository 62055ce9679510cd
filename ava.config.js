import path from 'node:path';

export default {
  extensions: ['ts'],
  files: ['*.test.ts', 'engine/**/*.test.ts', 'harness/**/*.test.ts', 'scenarios/**/*.test.ts'],
  // Every file is a process of its own, and most start others: what one has compiled, all have.
  environmentVariables: {
    NODE_COMPILE_CACHE: path.join(import.meta.dirname, 'node_modules', '.cache', 'compile'),
  },
  timeout: '2m',
  // More than two cores: a third of the time tests wait for a disk, a crash or a start.
  concurrency: 3,
  workerThreads: false,
  utilizeParallelBuilds: false,
};
