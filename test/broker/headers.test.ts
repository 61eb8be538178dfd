import { decodeMessage, encodeMessage } from '../../src/message/task-message.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const headers = { tenant: 'acme', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

/** The headers of a task after something happened to the child that had claimed it, when the next one claims it. */
async function afterwards(
  happen: (child: { session: string; child: string; queues: readonly string[] }, id: string) => Promise<unknown>,
) {
  const name = 'Some.task';
  const message = encodeMessage({ id: fixture.ids.next(), name, payload: '[]', enqueuedAt: 0, options: { headers } });
  const holder = await fixture.holderOf([message]);
  await happen(holder, idOf(message));
  await fixture.broker.promote(10);
  const { tasks } = await fixture.claim(await fixture.child());
  return tasks.map((task) => decodeMessage(task.message).options);
}

it.each<[string, Parameters<typeof afterwards>[0]]>([
  ['the death of its process', (child, id) => fixture.broker.settle(child, childExit({ blamed: [id], line: '\n{}' }))],
  ['the death of its process beside others', (child) => fixture.broker.settle(child, childExit({}))],
  ['a release', (child, id) => fixture.broker.release(child, [id])],
  [
    'a failed attempt',
    (child, id) =>
      fixture.broker.retry(child, { id, queue: 'default' }, { inMs: 0, failures: 0, line: '\n{}', counts: true }),
  ],
])('headers stay with a task through %s', async (_what, happen) => {
  expect(await afterwards(happen)).toEqual([{ headers }]);
});
