/** Tasks that were sent before any worker has named its queues. */
import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { limitedMessage, limitKey } from '../support/limited-tasks.js';

const BY = { by: 'anna' };

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = await createInspector({ redis: fixture.settings });
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await inspector.close();
  await fixture.stop();
});

async function sendLimited(queue = 'default'): Promise<string> {
  const message = limitedMessage(fixture, { limits: [limitKey('stripe', 'acme')] });
  await fixture.broker.enqueueLimited(queue, [message], {});
  return idOf(message);
}

async function sendPlain(queue = 'default'): Promise<string> {
  const message = fixture.message();
  await fixture.broker.enqueue(queue, [message]);
  return idOf(message);
}

describe.each([
  ['with a limit', sendLimited],
  ['without limits', sendPlain],
])('a task %s', (_, send) => {
  it('is shown and explained', async () => {
    const id = await send('bulk');
    expect(await inspector.tasks.get(id)).toMatchObject({ id, state: 'pending', queue: 'bulk' });
    const { code, sentences } = await inspector.tasks.explain(id);
    expect([code, sentences[0]]).toEqual(['no-worker', 'No worker serves the queue bulk now: start one.']);
  });

  it('is cancelled', async () => {
    const [one, other] = [await send(), await send('bulk')];
    expect(await inspector.tasks.cancel(one, BY)).toBe('pending');
    const onProgress = (): void => {};
    const each = { ...BY, may: async () => true, signal: new AbortController().signal, onProgress };
    expect(await inspector.tasks.cancelEach([other], each)).toEqual({ pending: 1 });
    expect(await inspector.tasks.get(one)).toMatchObject({ state: 'cancelled' });
  });

  it('is a queue without a worker for the doctor', async () => {
    await send('bulk');
    const checks = await inspector.doctor();
    expect(checks.flatMap(({ findings }) => findings)).toContainEqual(
      expect.objectContaining({ code: 'no-worker', where: 'queue bulk' }),
    );
  });
});

it('a scheduled task is moved', async () => {
  const message = fixture.message();
  await fixture.broker.enqueue('default', [message], { at: (await fixture.now()) + 3_600_000 });
  expect(await inspector.tasks.runNow(idOf(message), BY)).toBe('scheduled');
});

it('an id that was never sent is unknown', async () => {
  expect((await inspector.tasks.explain(fixture.ids.next())).code).toBe('unknown');
});

it('a task is unknown to a user who may not scan, without an error', async () => {
  const id = await sendLimited();
  await fixture.redis.acl('SETUSER', 'narrow', 'on', '>secret', '~*', '&*', '+@all', '-scan');
  const narrow = await createInspector({ redis: `redis://narrow:secret@127.0.0.1:${fixture.server.port}` });
  try {
    expect((await narrow.tasks.explain(id)).code).toBe('unknown');
  } finally {
    await narrow.close();
    await fixture.redis.acl('DELUSER', 'narrow');
  }
});
