import { idOf } from '../support/broker-fixture.js';
import { WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
  fixture.worker({ children: 1 }, { WORKER_MODULE: 'enhanced' });
});
afterEach(() => fixture.stop());

/** Sends as an app does that has no schemas to check with. */
async function send(task: string, ...args: unknown[]): Promise<string> {
  const message = fixture.broker.message(`EnhancedTasks.${task}`, ...args);
  await fixture.broker.broker.enqueue('default', [message]);
  return idOf(message);
}

async function dead(id: string) {
  await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
  return fixture.dead(id);
}

describe('in a forked child', () => {
  it('a request-scoped interceptor runs around the task, and the task gets the output of the schema', async () => {
    const id = await send('remind', { label: 'tea', at: '2031-05-01T08:00:00Z' });
    await fixture.event('after', id);
    await fixture.drained();
    expect(fixture.events().map(({ kind }) => kind)).toEqual(['booted', 'before', 'reminded', 'after']);
    expect(await fixture.event('reminded', 'tea')).toMatchObject({ attempt: Date.parse('2031-05-01T08:00:00Z') });
  });

  it('a ValidationPipe makes an instance of the class', async () => {
    await send('welcome', { email: 'ada@example.org' }, 'ada');
    await fixture.event('welcomed', 'ada');
    await fixture.drained();
  });

  it.each([
    [
      'remind',
      [{ label: 'tea', at: 'soon' }],
      'INVALID_PAYLOAD',
      'Argument 0 of task "EnhancedTasks.remind" is invalid: at: ',
    ],
    ['welcome', [{ email: 'nobody' }, 'x'], 'INVALID_PAYLOAD', 'is invalid: email must be an email'],
    ['open', ['monday'], 'GUARD_REFUSED', 'A guard refused to let task "EnhancedTasks.open" run'],
  ])('%s(%j) is dead after one attempt: %s', async (task, args, code, error) => {
    const id = await send(task, ...args);
    expect(await dead(id)).toMatchObject({
      report: { code, error: expect.stringContaining(error), attempt: 1 },
      attempts: [{ code }],
    });
    expect(fixture.events('filtered', id)).toHaveLength(1);
  });

  it('a filter that returns a value does not make a failed attempt succeed', async () => {
    const id = await send('fail', 'x');
    expect(await dead(id)).toMatchObject({ report: { error: 'Error: no luck', attempt: 2 } });
    expect(fixture.events('filtered', id)).toHaveLength(2);
  });
});
