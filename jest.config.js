/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // the sources import `./file.js`, as Node wants it; here the file is still a `.ts`
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // what `nest build` writes is not what the tests of src import
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/build/', '<rootDir>/sample-app/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // each test file has a Redis of its own, and the process tests fork supervisors with children: two files at a time
  // keep a small machine busy, and more would make timings flicker
  maxWorkers: 2,
  // Jest keeps the modules of every test file that it has run. A worker with hundreds of megabytes of them takes longer to
  // exit than Jest waits for it, so one that has run a dozen files or so is replaced
  workerIdleMemoryLimit: '256MB',
  // a worker that holds nothing open still needs more than the usual half second, on a busy machine, to give back its memory
  workerGracefulExitTimeout: 15_000,
  // how long a test waits for a state says nothing about the product: on a busy machine a supervisor with four children
  // may take half a minute to boot, and the helpers give up, with a report, before this does
  testTimeout: 150_000,
};
