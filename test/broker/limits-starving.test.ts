/** A queue that is never empty gives each of its tasks in the end: a new one comes for each that is given. */
import type { Claimant } from '../../src/broker/port/broker.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { limitedMessage, limitedMessages, limitKey } from '../support/limited-tasks.js';

const QUEUE = 'default';
const ROUNDS = 60;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** The ids that a child gets one by one, of a queue into which another task comes for each of them. */
async function given(next: (round: number) => string): Promise<string[]> {
  const child: Claimant = await fixture.child();
  const ids: string[] = [];
  for (let number = 1; number <= ROUNDS; number++) {
    const { tasks } = await fixture.broker.claim(child, { number, limit: 1, limited: 1, acks: [] });
    for (const { id } of tasks) await fixture.broker.results.finish(child, [{ id, result: 'u', limited: true }]);
    ids.push(...tasks.map(({ id }) => id));
    await fixture.broker.enqueueLimited(QUEUE, [next(number)], {});
  }
  return ids;
}

it('tenants that have one task each start in the order in which they came', async () => {
  const tenantOf = (at: number) => `${(7_919 * (at + 5)) % 1_000}`.padStart(20, '0');
  const messages = Array.from({ length: 5 }, (_, at) => limitedMessage(fixture, { tenant: tenantOf(-at) }));
  await fixture.broker.enqueueLimited(QUEUE, messages, {});
  const ids = await given((round) => {
    const message = limitedMessage(fixture, { tenant: tenantOf(round) });
    messages.push(message);
    return message;
  });
  expect(ids).toEqual(messages.slice(0, ROUNDS).map(idOf));
});

it('a tenant with many tasks has its turn beside others that come anew', async () => {
  const many = limitedMessages(fixture, 3, { tenant: 'zz' });
  await fixture.broker.enqueueLimited(QUEUE, many, {});
  await fixture.broker.enqueueLimited(QUEUE, limitedMessages(fixture, 3, { tenant: 'b' }), {});
  const ids = await given((round) => limitedMessage(fixture, { tenant: `a${round % 2}` }));
  for (const message of many) expect(ids).toContain(idOf(message));
});

it('the list of a queue moves on beside lines when the clock of a sender is ahead', async () => {
  const ahead = limitedMessage(fixture, { enqueuedAt: Date.now() + 3_600_000 });
  const behind = fixture.message();
  const aged = () => limitedMessage(fixture, { limits: [limitKey('free')] });
  await fixture.broker.enqueueLimited(QUEUE, [aged(), aged(), aged()], {});
  // the first of a line lies in the list: without it those behind it are the line, and so are all that come later
  await fixture.broker.claim(await fixture.child(), { number: 1, limit: 1, limited: 1, acks: [] });
  await fixture.broker.enqueue(QUEUE, [ahead, behind]);
  const ids = await given(aged);
  expect(ids).toEqual(expect.arrayContaining([ahead, behind].map(idOf)));
});
