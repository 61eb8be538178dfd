import { type CronHappening, decodeHappening, encodeEndedRun, encodeMissed } from '../../src/cron/cron-history.js';

const RUN = { due: 1_000, outcome: 'failed', startedAt: 1_250, durationMs: 30, attempt: 2, id: 'abc' } as const;
const MISSED = { due: 1_000, last: 9_000, count: 9, more: false, reason: 'no-worker' } as const;

it.each<[string, CronHappening]>([
  [encodeEndedRun(RUN), { kind: 'run', ...RUN }],
  ['1000 skipped abc', { kind: 'skipped', due: 1_000, id: 'abc' }],
  [encodeMissed(MISSED), { kind: 'missed', ...MISSED }],
  [
    encodeMissed({ ...MISSED, count: 1_000, more: true, reason: 'paused' }),
    { kind: 'missed', ...MISSED, count: 1_000, more: true, reason: 'paused' },
  ],
])('the line %j is read as it was written', (line, happening) => {
  expect(decodeHappening(line)).toEqual(happening);
});

it.each([
  '',
  'noise',
  '1000 done 1250 30 1',
  '1000 lost 1250 30 1 abc',
  '1000 done 1250 30 1 abc more',
  '-1 done 1250 30 1 abc',
  '1e3 skipped abc',
  '1000 skipped ',
  '1000 missed 9 9000 bored',
  '1000 missed 9- 9000 paused',
  `${'9'.repeat(16)} skipped abc`,
])('the line %j is not read', (line) => {
  expect(decodeHappening(line)).toBeUndefined();
});
