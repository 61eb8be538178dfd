import { type QueuePauseOptions, QueuePauses } from '../../src/inspector/queues/queue-pauses.js';
import { BrokerFixture } from '../support/broker-fixture.js';

let fixture: BrokerFixture;
let pauses: QueuePauses;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  pauses = new QueuePauses(fixture.broker.pauses);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

it('a pause has its times as dates, and is listed by the name of its queue until it is resumed', async () => {
  const timed = await pauses.pause('mail', { for: '1h', by: 'anna', reason: 'mail is down' });
  expect(timed).toEqual({
    queue: 'mail',
    since: expect.any(Date),
    until: new Date(timed.since.getTime() + 3_600_000),
    by: 'anna',
    reason: 'mail is down',
  });
  const open = await pauses.pause('bulk', { by: 'x'.repeat(256), reason: 'y'.repeat(256) });
  expect(open).toMatchObject({ until: undefined, by: 'x'.repeat(256), reason: 'y'.repeat(256) });
  expect(await pauses.list()).toEqual([open, timed]);
  expect(await pauses.resume('mail', { by: 'ben' })).toBe(true);
  expect(await pauses.resume('mail', { by: 'ben' })).toBe(false);
  expect(await pauses.list()).toEqual([open]);
});

it.each<[what: string, options: unknown, code: string, names: string]>([
  ['no options', undefined, 'INVALID_OPTION', 'the pause of a queue'],
  ['an unknown option', { by: 'anna', till: '1h' }, 'INVALID_OPTION', '"till"'],
  ['no name', {}, 'INVALID_OPTION', '`by`'],
  ['an empty name', { by: '' }, 'INVALID_OPTION', '`by`'],
  ['a name that is too long', { by: 'x'.repeat(257) }, 'INVALID_OPTION', '`by` has 257 characters'],
  ['a name that is none', { by: 7 }, 'INVALID_OPTION', '`by`'],
  [
    'a reason that is too long',
    { by: 'anna', reason: 'x'.repeat(257) },
    'INVALID_OPTION',
    '`reason` has 257 characters',
  ],
  ['a reason that is none', { by: 'anna', reason: {} }, 'INVALID_OPTION', '`reason`'],
  ['a duration that is none', { by: 'anna', for: 'soon' }, 'INVALID_DURATION', 'for is'],
  ['no time', { by: 'anna', for: 0 }, 'INVALID_OPTION', '`for` is 0'],
])('a pause with %s is refused, and nothing is paused', async (_what, options, code, names) => {
  const error = { code, message: expect.stringMatching(new RegExp(names, 'i')) };
  await expect(pauses.pause('mail', options as QueuePauseOptions)).rejects.toMatchObject(error);
  expect(await pauses.list()).toEqual([]);
});

it.each<[what: string, options: unknown]>([
  ['no name', {}],
  ['a reason', { by: 'anna', reason: 'over' }],
  ['a name that is too long', { by: 'x'.repeat(257) }],
])('an end of a pause with %s is refused, and the queue stays paused', async (_what, options) => {
  await pauses.pause('mail', { by: 'anna' });
  await expect(pauses.resume('mail', options as { by: string })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  expect(await pauses.list()).toHaveLength(1);
});
