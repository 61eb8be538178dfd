/** Folders of test/ whose files need no build, no fork and little time. The rest is for the whole suite. */
const FOLDERS = [
  'values',
  'payload',
  'message',
  'policy',
  'cron',
  'task',
  'ipc',
  'lint',
  'tools',
  'client',
  'worker',
  'broker',
  'module',
];

/** Files in these folders that take long, by random commands or by waiting, or that need the build. */
const LEFT_OUT = [
  'cron/cron-clock-changes',
  'cron/cron-conformance',
  'ipc/scoreboard-file',
  'lint/import-directions',
  'payload/round-trips',
  'client/failing-together',
  'client/outages',
  'client/secrets',
  'worker/drain-tasks',
  'broker/busy-process',
  'broker/enqueue-together',
  'broker/hard-timeouts',
  'broker/lost-replies',
  'broker/model',
  'broker/refused-connections',
  'broker/replicas',
  'broker/sentinels',
  'broker/standstills',
  'module/enhancers',
  'module/in-process',
  'module/lazy-modules',
  'module/minified-names',
  'module/payloads',
  'module/redis-trouble',
];

/** The arguments of Jest that choose the quick tests. */
export function quickTests() {
  return [
    `--testPathPatterns=/test/(${FOLDERS.join('|')})/`,
    `--testPathIgnorePatterns=/test/(${LEFT_OUT.join('|')})\\.test`,
  ];
}
