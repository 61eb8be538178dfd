import '../../../src/testing/jest.js';
import { Test, type TestingModule } from '@nestjs/testing';
import { QueueClient, Task } from '../../../src/index.js';
import { assertEnqueued, assertNotEnqueued, TaskQueueTestingModule, TestQueue } from '../../../src/testing/index.js';
import { type MailApp, MailApps, MailTasks } from '../modes/mail-app.js';

const { welcome, both, flaky } = MailTasks.prototype;
const apps = new MailApps('fake');
let queue: TestQueue;
let send: MailApp['send'];
beforeEach(async () => {
  ({ queue, send } = await apps.start());
});
afterEach(() => apps.close());

class CrmTasks {
  @Task({
    limits: [{ name: 'crm', rate: '90/s', key: (account: string) => account }],
    fair: (account: string) => account,
  })
  async push(_account: string): Promise<void> {}
}

/** An app that only sends. */
function part(): Promise<TestingModule> {
  return Test.createTestingModule({ imports: [TaskQueueTestingModule] }).compile();
}

/** The error message of a matcher, without the codes for colours. */
function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('It did not fail.');
}

describe('toHaveEnqueued()', () => {
  it('takes a method or a name, with or without arguments', async () => {
    await send.welcome.delay(42, { at: new Date(0) });
    expect(queue).toHaveEnqueued(welcome);
    expect(queue).toHaveEnqueued('MailTasks.welcome');
    expect(queue).toHaveEnqueued(welcome, [42, { at: new Date(0) }]);
    expect(queue).not.toHaveEnqueued(welcome, [42]);
    expect(queue).not.toHaveEnqueued(welcome, [42, { at: new Date(1) }]);
    expect(queue).not.toHaveEnqueued(both);
    expect(queue).not.toHaveEnqueued('MailTasks.other');
  });

  it('takes a sender, of the client or of the queue of the test, by class or by name', async () => {
    await send.welcome.delay(42);
    const { welcome, both } = queue.of(MailTasks);
    expect(queue).toHaveEnqueued(send.welcome, [42]);
    expect(queue).toHaveEnqueued(welcome, [42], { times: 1 });
    expect(queue).toHaveEnqueued(queue.of<MailTasks>('MailTasks').welcome, [42]);
    expect(queue).not.toHaveEnqueued(welcome, [43]);
    expect(queue).not.toHaveEnqueued(both);
    expect(queue.enqueued(welcome)).toMatchObject([{ args: [42] }]);
    expect(queue.enqueued(both)).toEqual([]);
    expect(messageOf(() => expect(queue).toHaveEnqueued(welcome, [43]))).toContain('args[0]: expected 43, was 42');
  });

  it('takes a sender by the name that the decorator gives, and that of a subclass', async () => {
    class NamedTasks {
      @Task({ name: 'mail.welcome' })
      async welcome(): Promise<void> {}
    }
    class BaseTasks {
      @Task()
      async send(): Promise<void> {}
    }
    class ReportTasks extends BaseTasks {}
    const senders = (await part()).get(TestQueue);
    await senders.of(NamedTasks).welcome.delay();
    await senders.of(ReportTasks).send.delay();
    expect(senders).toHaveEnqueued(senders.of(NamedTasks).welcome);
    expect(senders).toHaveEnqueued(senders.of(ReportTasks).send);
    expect(senders).not.toHaveEnqueued(senders.of(BaseTasks).send);
  });

  it('refuses a sender with options, which would be ignored', () => {
    const late = send.welcome.with({ delay: '10m' });
    expect(() => expect(queue).not.toHaveEnqueued(late)).toThrow(/INVALID_OPTION[\s\S]*after the arguments/);
    expect(() => queue.enqueued(late)).toThrow('INVALID_OPTION');
    expect(() => expect(queue).not.toHaveEnqueued(queue.of(MailTasks) as never)).toThrow('queue.of(MailTasks).welcome');
  });

  it('takes asymmetric matchers, as arguments and within them', async () => {
    await send.welcome.delay(42, { at: new Date(0) });
    expect(queue).toHaveEnqueued(welcome, [expect.any(Number), expect.anything()]);
    expect(queue).toHaveEnqueued(welcome, [42, { at: expect.any(Date) }]);
    expect(queue).toHaveEnqueued(welcome, [42, expect.objectContaining({ at: new Date(0) })]);
    expect(queue).not.toHaveEnqueued(welcome, [expect.any(String), expect.anything()]);
    expect(queue).not.toHaveEnqueued(welcome, [expect.not.objectContaining({}), expect.anything()]);
  });

  it('compares priority, the keys of limits and the tenant', async () => {
    const app = await part();
    const sent = app.get(TestQueue);
    const { push } = sent.of(CrmTasks);
    await push.with({ priority: 3 }).delay('acme');
    expect(sent).toHaveEnqueued(push, ['acme'], { priority: 3, limitKeys: { crm: 'acme' }, fairKey: 'acme' });
    for (const other of [{ priority: 0 }, { limitKeys: { crm: 'globex' } }, { fairKey: 'globex' }]) {
      expect(sent).not.toHaveEnqueued(push, ['acme'], other);
    }
    const said = messageOf(() =>
      expect(sent).toHaveEnqueued(push, ['acme'], { limitKeys: { other: 'acme' }, fairKey: 'globex', priority: 4 }),
    );
    expect(said).toContain('priority: expected 4, was 3');
    expect(said).toContain('limitKeys["other"]: expected \'acme\', was another or none');
    expect(said).toContain("fairKey: expected 'globex', was another or none");
    const given = { limitKeys: 'acme' as never };
    expect(() => assertEnqueued(sent, push, undefined, given)).toThrow('toHaveEnqueued({ limitKeys })');
    await app.close();
  });

  it('compares queue, delay and key', async () => {
    await send.welcome.with({ queue: 'bulk', delay: '10m', key: 'user-42' }).delay(42);
    expect(queue).toHaveEnqueued(welcome, [42], { queue: 'bulk', delay: '10m', key: 'user-42' });
    expect(queue).toHaveEnqueued(welcome, [42], { delay: 600_000 });
    expect(queue).not.toHaveEnqueued(welcome, [42], { queue: 'default' });
    expect(queue).not.toHaveEnqueued(welcome, [42], { delay: 0 });
    expect(queue).not.toHaveEnqueued(welcome, [42], { key: 'user-7' });
  });

  it('compares the given headers', async () => {
    await send.welcome.with({ headers: { tenant: 'acme', trace: '1' } }).delay(42);
    expect(queue).toHaveEnqueued(welcome, [42], { headers: { tenant: 'acme' } });
    expect(queue).toHaveEnqueued(welcome, [42], { headers: { tenant: expect.any(String), trace: '1' } });
    expect(queue).not.toHaveEnqueued(welcome, [42], { headers: { tenant: 'other' } });
    expect(messageOf(() => expect(queue).toHaveEnqueued(welcome, [42], { headers: { user: '7' } }))).toContain(
      `headers["user"]: expected '7', was undefined`,
    );
  });

  it('compares the count with `times`', async () => {
    await send.welcome.delayMany([[1], [1], [2]]);
    expect(queue).toHaveEnqueued(welcome, [1], { times: 2 });
    expect(queue).toHaveEnqueued(welcome, undefined, { times: 3 });
    expect(queue).toHaveEnqueued(welcome, [3], { times: 0 });
    expect(queue).not.toHaveEnqueued(welcome, [1], { times: 1 });
  });

  it('reports the value that it got instead of a TestQueue', async () => {
    const client = (await apps.start()).app.get(QueueClient);
    const refusal = (where: string, got: string) => `${where} got ${got} where it takes a TestQueue. [INVALID_OPTION]`;
    expect(() => expect(client).toHaveEnqueued(welcome)).toThrow(refusal('toHaveEnqueued()', '[QueueClient]'));
    expect(() => assertEnqueued(client as never, welcome)).toThrow(refusal('assertEnqueued()', '[QueueClient]'));
    expect(() => assertNotEnqueued(client as never, welcome)).toThrow(refusal('assertNotEnqueued()', '[QueueClient]'));
    expect(() => assertEnqueued(undefined as never, welcome)).toThrow(refusal('assertEnqueued()', 'undefined'));
    expect(() => assertEnqueued({} as never, welcome)).toThrow('Give it app.get(TestQueue)');
  });

  it('refuses a value that is no task or no queue', () => {
    expect(() => expect(queue).toHaveEnqueued(MailTasks.prototype.notATask)).toThrow('NOT_A_TASK');
    expect(() => expect(queue).not.toHaveEnqueued(undefined as never)).toThrow('NOT_A_TASK');
    expect(() => expect(queue).toHaveEnqueued(() => {})).toThrow('"MailTasks.welcome"');
    expect(() => expect({}).toHaveEnqueued(welcome)).toThrow('app.get(TestQueue)');
    expect(() => expect(queue).toHaveEnqueued(welcome, [1], { queu: 'bulk' } as never)).toThrow('INVALID_OPTION');
    const headers = new Map([['tenant', 'acme']]) as never;
    expect(() => expect(queue).toHaveEnqueued(welcome, [1], { headers })).toThrow('INVALID_OPTION');
  });

  it.each([1, 'ada', { times: 1 }])('refuses arguments that are no list: %p', (given) => {
    expect(() => expect(queue).toHaveEnqueued(welcome, given as never)).toThrow('takes a list of arguments');
    expect(() => expect(queue).not.toHaveEnqueued(welcome, given as never)).toThrow('takes a list of arguments');
  });
});

describe('the message of a failed expectation', () => {
  it('says that nothing was enqueued', () => {
    expect(messageOf(() => expect(queue).toHaveEnqueued(welcome, [42]))).toBe(
      'MailTasks.welcome was not enqueued.\n\nNothing was enqueued.',
    );
  });

  it('names what was enqueued instead, the most similar first', async () => {
    await send.both.delay(1);
    await send.welcome.delayMany([[1], [2]]);
    expect(messageOf(() => expect(queue).toHaveEnqueued('MailTask.welcom'))).toBe(
      [
        'MailTask.welcom was not enqueued.\n',
        'Enqueued were:',
        '  MailTasks.welcome 2 times',
        '  MailTasks.both once\n',
        'Did you mean MailTasks.welcome?',
      ].join('\n'),
    );
    expect(messageOf(() => expect(queue).toHaveEnqueued(flaky))).not.toContain('Did you mean');
  });

  it('shows how the calls of the task differ, the nearest first', async () => {
    await send.welcome.with({ queue: 'bulk', delay: '1m' }).delay(7);
    await send.welcome.delay(43, { at: new Date(0) });
    expect(
      messageOf(() => expect(queue).toHaveEnqueued(welcome, [42, { at: new Date(1) }], { queue: 'default' })),
    ).toBe(
      [
        "MailTasks.welcome was not enqueued with [ 42, { at: 1970-01-01T00:00:00.001Z } ] and { queue: 'default' }.\n",
        'It was enqueued otherwise:',
        '  [ 43, { at: 1970-01-01T00:00:00.000Z } ] in queue default',
        '    - args[0]: expected 42, was 43',
        '    - args[1].at: expected 1970-01-01T00:00:00.001Z, was 1970-01-01T00:00:00.000Z',
        '  [ 7 ] in queue bulk, due after 60000 ms',
        '    - args[0]: expected 42, was 7',
        '    - args[1]: expected { at: 1970-01-01T00:00:00.001Z }, was missing',
        "    - queue: expected 'default', was 'bulk'",
      ].join('\n'),
    );
  });

  it('shows asymmetric matchers as they were written, delay and key', async () => {
    await send.welcome.with({ delay: '1m' }).delay(7);
    const said = messageOf(() =>
      expect(queue).toHaveEnqueued(welcome, [expect.any(String) as never], { delay: '2m', key: 'k' }),
    );
    expect(said).toContain('args[0]: expected Any<String>, was 7');
    expect(said).toContain('delay in ms: expected 120000, was 60000');
    expect(said).toContain("key: expected 'k', was another or none");
  });

  it('has the count, and no more than five of the other calls', async () => {
    await send.welcome.delayMany(Array.from({ length: 9 }, (_, n): [number] => [n]));
    const said = messageOf(() => expect(queue).toHaveEnqueued(welcome, [1], { times: 2 }));
    expect(said).toContain('MailTasks.welcome was enqueued once with [ 1 ], expected 2 times.');
    expect(said.match(/in queue/g)).toHaveLength(5);
    expect(said).toContain('... and 3 more');
  });

  it('shows the call that should not exist', async () => {
    await send.welcome.delay(42);
    expect(messageOf(() => expect(queue).not.toHaveEnqueued(welcome))).toBe(
      'MailTasks.welcome was enqueued once, expected not.\n\n  [ 42 ] in queue default',
    );
  });
});

describe('the plain asserts', () => {
  it('throw with the message of the matcher', async () => {
    await send.welcome.delay(42);
    assertEnqueued(queue, welcome, [42]);
    assertEnqueued(queue, send.welcome, [42]);
    assertNotEnqueued(queue, send.welcome, [43]);
    assertNotEnqueued(queue, welcome, [43]);
    const matcher = messageOf(() => expect(queue).toHaveEnqueued(welcome, [43]));
    expect(() => assertEnqueued(queue, welcome, [43])).toThrow(matcher);
    expect(() => assertNotEnqueued(queue, welcome, [expect.any(Number)])).toThrow('was enqueued once');
    expect(() => assertEnqueued(queue, 'MailTasks.other')).toThrow(expect.objectContaining({ name: 'AssertionError' }));
  });
});
