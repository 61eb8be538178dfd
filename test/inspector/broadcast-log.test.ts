import type { Broker } from '../../src/broker/port/broker.js';
import { BROKER } from '../../src/broker/port/tokens.js';
import { BroadcastLog } from '../../src/inspector/broadcast-log.js';
import { Apps } from '../module/apps.js';

const ID = 'k3v9x0q2m7ab00000007';

let apps: Apps;
let log: BroadcastLog;
let broker: Broker;
beforeAll(async () => {
  apps = await Apps.start();
  const app = await apps.boot({ imports: [apps.queue()] });
  log = app.get(BroadcastLog, { strict: false });
  broker = app.get<Broker>(BROKER, { strict: false });
});
afterAll(() => apps.stop());

it('BroadcastLog is injectable, and returns the recorded outcomes', async () => {
  const outcome = { host: 'here', pid: 7, ok: false, error: 'Error: no', durationMs: 3, at: 1 };
  const gap = { reason: 'trimmed' as const, missed: 3, after: '5-0', host: 'here', pid: 7, at: 1 };
  expect(await log.outcomes(ID)).toEqual([]);
  expect(await log.gaps()).toEqual([]);
  await broker.broadcasts.record([{ id: ID, target: 'a.7', outcome, machine: 'here' }]);
  await broker.broadcasts.recordGap(gap);
  expect(await log.outcomes(ID)).toEqual([outcome]);
  expect(await log.gaps()).toEqual([gap]);
});

it('BroadcastLog refuses an invalid id', async () => {
  await expect(log.outcomes('42')).rejects.toMatchObject({ code: 'INVALID_TASK_ID' });
});
