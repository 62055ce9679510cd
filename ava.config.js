export default {
  extensions: ['ts'],
  files: ['*.test.ts', 'engine/**/*.test.ts', 'harness/**/*.test.ts', 'scenarios/**/*.test.ts'],
  timeout: '2m',
  concurrency: 2,
  workerThreads: false,
  utilizeParallelBuilds: false,
};
