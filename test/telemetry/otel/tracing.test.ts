import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { context, propagation, SpanStatusCode, type TracerProvider, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import { QueueClient, type TaskSenders } from '../../../src/client/queue-client.js';
import { Broadcast } from '../../../src/decorators/broadcast.decorator.js';
import { Payload } from '../../../src/decorators/payload.decorator.js';
import { Task } from '../../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../../src/decorators/task-hooks.decorator.js';
import { DeadLetters } from '../../../src/inspector/dead-letters.js';
import { DropTask, RetryTask } from '../../../src/policy/task-errors.js';
import type { TaskInfo } from '../../../src/task/task-hooks.js';
import { OpenTelemetryModule, type OpenTelemetryOptions } from '../../../src/telemetry/otel/index.js';
import { drainTasks } from '../../../src/testing/drain-tasks.js';
import { TaskContext } from '../../../src/worker/task-context.js';
import { Apps } from '../../module/apps.js';
import { CONSUMER, idOf, PRODUCER, pointsTo, TestSdk } from './test-sdk.js';

let apps: Apps;
let sdk: TestSdk;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  sdk = TestSdk.start();
});
afterEach(async () => {
  await apps.close();
  TestSdk.stop();
});
afterAll(() => apps.stop());

class PaymentError extends Error {
  override readonly name = 'PaymentError';
}

const refusing = {
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: (value: unknown) => ({ issues: [{ message: `nobody is at ${value}` }] }),
  },
};

let failures = 0;
let seen: unknown[] = [];
beforeEach(() => {
  failures = 0;
  seen = [];
});

@Injectable()
class MailTasks {
  constructor(
    private readonly queue: QueueClient,
    private readonly task: TaskContext,
  ) {}

  @Task({ queue: 'mail' })
  async send(_to?: string): Promise<void> {
    seen.push({ baggage: propagation.getActiveBaggage()?.getEntry('tenant')?.value, trace: this.task.trace });
  }

  @Task({ retries: 2, backoff: { type: 'fixed', delay: 1 } })
  async flaky(times: number): Promise<void> {
    failures += 1;
    if (failures <= times) throw new PaymentError('card refused');
  }

  @Task()
  async drop(): Promise<void> {
    throw new DropTask('not needed');
  }

  @Task({ retries: 1 })
  async again(): Promise<void> {
    failures += 1;
    if (failures === 1) throw new RetryTask({ in: 0 });
  }

  @Task({ expires: '1m' })
  async urgent(): Promise<void> {}

  @Task()
  async nested(): Promise<void> {
    await this.queue.of(MailTasks).send.delay('you');
  }

  @Broadcast()
  async clear(): Promise<void> {}
}

/** A provider with another way to flush. */
function flushing(forceFlush: () => Promise<void>): TracerProvider {
  return { getTracer: () => sdk.provider.getTracer('nestwork'), ...{ forceFlush } };
}

interface App {
  readonly app: TestingModule;
  readonly send: TaskSenders<MailTasks>;
  readonly queue: QueueClient;
}

async function boot(options?: OpenTelemetryOptions, ...more: NonNullable<Parameters<Apps['boot']>[0]['providers']>) {
  const app = await apps.boot({
    imports: [apps.queue({ queues: ['default', 'mail'] }), OpenTelemetryModule.forRoot(options)],
    providers: [MailTasks, ...more],
  });
  const queue = app.get(QueueClient);
  return { app, send: queue.of(MailTasks), queue } satisfies App;
}

describe('a task that starts soon after it was sent', () => {
  it('is in the trace of its sender', async () => {
    const { app, send } = await boot();
    const handle = await trace.getTracer('app').startActiveSpan('POST /users', async (span) => {
      const sent = await send.send.delay('you');
      span.end();
      return sent;
    });
    await drainTasks(app);
    const [request, sent, ran] = [
      sdk.only('POST /users'),
      sdk.only('send MailTasks.send'),
      sdk.only('process MailTasks.send'),
    ];
    expect(pointsTo(sent)).toEqual({ parent: idOf(request), links: {} });
    expect(pointsTo(ran)).toEqual({ parent: idOf(sent), links: {} });
    expect(sent).toMatchObject({ kind: PRODUCER, status: { code: SpanStatusCode.UNSET } });
    expect(sent.attributes).toEqual({
      'messaging.system': 'nestwork',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'mail',
      'messaging.message.id': handle.id,
      'nestwork.task.name': 'MailTasks.send',
    });
    expect(ran).toMatchObject({ kind: CONSUMER, status: { code: SpanStatusCode.UNSET } });
    expect(ran.attributes).toEqual({
      'messaging.system': 'nestwork',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'mail',
      'messaging.message.id': handle.id,
      'nestwork.task.name': 'MailTasks.send',
      'nestwork.attempt': 1,
      'nestwork.wait.duration': expect.any(Number),
      'nestwork.outcome': 'done',
    });
  });

  it('has its span as the active one, the baggage of its sender, and its place in TaskContext.trace', async () => {
    const { app, send } = await boot();
    const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
    await context.with(propagation.setBaggage(context.active(), baggage), () => send.send.delay('you'));
    await send.nested.delay();
    await drainTasks(app);
    const [first] = sdk.named('process MailTasks.send');
    const { traceId, spanId } = first?.spanContext() ?? {};
    expect(seen[0]).toEqual({ baggage: 'acme', trace: `00-${traceId}-${spanId}-01` });
    expect(pointsTo(sdk.named('send MailTasks.send')[1] as never).parent).toBe(
      idOf(sdk.only('process MailTasks.nested')),
    );
  });

  it('runs within its span also where wrappers of the app run around it', async () => {
    @TaskHooks()
    @Injectable()
    class Transaction {
      async wrapTask({ trace: place }: TaskInfo, next: () => Promise<unknown>): Promise<void> {
        await trace.getTracer('app').startActiveSpan('transaction', (span) => next().finally(() => span.end()));
        seen.push(place);
      }
    }
    const { app, send } = await boot(undefined, Transaction);
    await send.send.delay('you');
    await drainTasks(app);
    expect(pointsTo(sdk.only('transaction')).parent).toBe(idOf(sdk.only('process MailTasks.send')));
  });

  it('begins a trace of its own where childWithin has passed', async () => {
    const { app, send } = await boot({ childWithin: 0 });
    await send.send.delay('you');
    const now = Date.now();
    while (Date.now() === now);
    await drainTasks(app);
    const [sent, ran] = [sdk.only('send MailTasks.send'), sdk.only('process MailTasks.send')];
    expect(pointsTo(ran)).toEqual({ parent: undefined, links: { sender: idOf(sent) } });
    expect(ran.spanContext().traceId).not.toBe(sent.spanContext().traceId);
  });

  it('has the name of its queue in its spans where spanNames asks for it', async () => {
    const { app, send } = await boot({ spanNames: 'queue' });
    await send.send.delay('you');
    await drainTasks(app);
    expect(sdk.spans.map(({ name }) => name)).toEqual(['send mail', 'process mail']);
  });
});

describe('a task that is tried again', () => {
  it('begins a trace with links to its sender and its first attempt', async () => {
    const { app, send } = await boot();
    await send.flaky.delay(2);
    await drainTasks(app);
    const sent = sdk.only('send MailTasks.flaky');
    const [first, second, third] = sdk.named('process MailTasks.flaky');
    if (!first || !second || !third) throw new Error('There are too few attempts.');
    expect([first, second, third].map(({ attributes }) => attributes['nestwork.outcome'])).toEqual([
      'retry',
      'retry',
      'done',
    ]);
    expect(pointsTo(first)).toEqual({ parent: idOf(sent), links: {} });
    for (const [number, again] of [second, third].entries()) {
      expect(again.attributes['nestwork.attempt']).toBe(number + 2);
      expect(pointsTo(again)).toEqual({
        parent: undefined,
        links: { sender: idOf(sent), 'first attempt': idOf(first) },
      });
    }
    const traces = new Set([first, second, third].map((span) => span.spanContext().traceId));
    expect(traces.size).toBe(3);
  });

  it('has its error in the span, with the name of its class and no stack', async () => {
    const { app, send } = await boot();
    await send.flaky.delay(1);
    await drainTasks(app);
    const [failed] = sdk.named('process MailTasks.flaky');
    expect(failed).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'PaymentError: card refused' },
      attributes: { 'error.type': 'PaymentError' },
      events: [
        {
          name: 'exception',
          attributes: { 'exception.type': 'PaymentError', 'exception.message': 'card refused' },
        },
      ],
    });
    expect(failed?.events[0]?.attributes).not.toHaveProperty('exception.stacktrace');
  });

  it('has only the kind of its error in the span where its data is sealed', async () => {
    const payload = { encrypt: { keys: [randomBytes(32).toString('base64')] } };
    const app = await apps.boot({
      imports: [apps.queue({ queues: ['default', 'mail'], payload }), OpenTelemetryModule.forRoot()],
      providers: [MailTasks],
    });
    await app.get(QueueClient).of(MailTasks).flaky.delay(1);
    await drainTasks(app);
    const [failed, again] = sdk.named('process MailTasks.flaky');
    expect(failed).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'PaymentError' },
      events: [{ name: 'exception', attributes: { 'exception.type': 'PaymentError' } }],
    });
    expect(JSON.stringify([failed?.status, failed?.events, failed?.attributes])).not.toContain('card refused');
    expect(pointsTo(again as never).links).toMatchObject({ 'first attempt': idOf(failed as never) });
  });

  it('has only the kind of the error that refused its call in the span where its data is sealed', async () => {
    @Injectable()
    class PostTasks {
      @Task()
      async post(@Payload({ schema: refusing }) _to: string): Promise<void> {}
    }
    const payload = { encrypt: { keys: [randomBytes(32).toString('base64')] } };
    for (const part of [payload, undefined]) {
      const app = await apps.boot({
        imports: [apps.queue(part && { payload: part }), OpenTelemetryModule.forRoot()],
        providers: [PostTasks],
      });
      const call = app.get(QueueClient).of(PostTasks).post.delay('anna@example.org');
      await expect(call).rejects.toThrow('anna@example.org');
    }
    const [sealed, open] = sdk.named('send PostTasks.post');
    expect(sealed?.attributes).toMatchObject({ 'error.type': 'INVALID_PAYLOAD' });
    expect(JSON.stringify([sealed?.status, sealed?.events, sealed?.attributes])).not.toContain('anna');
    expect(open?.status.message).toContain('anna@example.org');
  });

  it('because a person has sent it again, begins a trace with the same links', async () => {
    const { app, send } = await boot();
    await send.flaky.delay(3);
    await drainTasks(app);
    const [dead] = (await app.get(DeadLetters, { strict: false }).list()).tasks;
    await app.get(DeadLetters, { strict: false }).redrive(dead?.id as string);
    await drainTasks(app);
    const attempts = sdk.named('process MailTasks.flaky');
    expect(attempts.map(({ attributes }) => attributes['nestwork.outcome'])).toEqual([
      'retry',
      'retry',
      'dead',
      'done',
    ]);
    expect(pointsTo(attempts[3] as never)).toEqual({
      parent: undefined,
      links: { sender: idOf(sdk.only('send MailTasks.flaky')), 'first attempt': idOf(attempts[0] as never) },
    });
  });

  it('because it asked for it has not failed', async () => {
    const { app, send } = await boot();
    await send.again.delay();
    await drainTasks(app);
    const [first] = sdk.named('process MailTasks.again');
    expect(first).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'nestwork.outcome': 'retry', 'error.type': 'RetryTask' },
      events: [],
    });
  });
});

describe('a task that does not run to its end', () => {
  it('has an outcome and no failure where its error drops it', async () => {
    const { app, send } = await boot();
    await send.drop.delay();
    await drainTasks(app);
    expect(sdk.only('process MailTasks.drop')).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'nestwork.outcome': 'dropped', 'error.type': 'DropTask' },
    });
  });

  it('has a span also where no provider has it', async () => {
    const { app, queue } = await boot();
    await queue.task('Unknown.task').with({ queue: 'default' }).delay();
    await drainTasks(app);
    const [sent, ran] = [sdk.only('send Unknown.task'), sdk.only('process Unknown.task')];
    expect(pointsTo(ran)).toEqual({ parent: idOf(sent), links: {} });
    expect(ran).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'nestwork.outcome': 'dead', 'error.type': 'UNKNOWN_TASK' },
    });
  });

  it('has a span also where its bytes cannot be read', async () => {
    const { app, send } = await boot();
    await send.send.delay('you');
    const key = '{nestwork}:queue:mail';
    const [message = ''] = await apps.redis.lrange(key, 0, -1);
    await apps.redis.lset(key, 0, message.replace('["you"]', '["you"'));
    await drainTasks(app);
    expect(sdk.only('process MailTasks.send')).toMatchObject({
      attributes: { 'nestwork.outcome': 'dead', 'error.type': 'UNDECODABLE_MESSAGE' },
    });
  });
});

describe('many tasks of one call', () => {
  it.each([
    [2, 'are in the trace of their sender', true],
    [101, 'begin traces of their own: no trace of so many could be read', false],
  ])('%p of delayMany() %s', async (count, _what, isChild) => {
    const { app, send } = await boot();
    await send.send.delayMany(Array.from({ length: count }, () => ['you'] as [string]));
    await drainTasks(app);
    const sent = sdk.only('send MailTasks.send');
    expect(sent.attributes).toMatchObject({
      'messaging.batch.message_count': count,
      'messaging.destination.name': 'mail',
    });
    expect(sent.attributes).not.toHaveProperty('messaging.message.id');
    const ran = sdk.named('process MailTasks.send').map(pointsTo);
    expect(ran).toHaveLength(count);
    const expected = isChild ? { parent: idOf(sent), links: {} } : { parent: undefined, links: { sender: idOf(sent) } };
    expect(ran).toEqual(Array.from({ length: count }, () => expected));
  });

  it('of a batch have its id', async () => {
    const { app, send, queue } = await boot();
    const batch = await queue
      .batch()
      .add(send.send, [['you'], ['me']])
      .delay();
    await drainTasks(app);
    const sent = sdk.only('send MailTasks.send');
    const ran = sdk.named('process MailTasks.send');
    expect(sent.attributes['messaging.batch.message_count']).toBe(2);
    expect(ran.map((span) => [pointsTo(span).parent, span.attributes['nestwork.group.id']])).toEqual([
      [idOf(sent), batch.id],
      [idOf(sent), batch.id],
    ]);
  });

  it('of a flow have its id', async () => {
    const { app, send, queue } = await boot();
    const flow = queue.flow();
    flow.add(send.send, 'you');
    flow.add(send.drop);
    const { id } = await flow.delay();
    await drainTasks(app);
    for (const name of ['MailTasks.send', 'MailTasks.drop']) {
      const ran = sdk.only(`process ${name}`);
      expect(ran.attributes['nestwork.group.id']).toBe(id);
      expect(pointsTo(ran).parent).toBe(idOf(sdk.only(`send ${name}`)));
    }
  });

  it('of a broadcast have spans', async () => {
    const { app, send } = await boot();
    await send.clear.delay();
    await drainTasks(app);
    const [sent, ran] = [sdk.only('send MailTasks.clear'), sdk.only('process MailTasks.clear')];
    expect(pointsTo(ran).parent).toBe(idOf(sent));
    expect(ran.attributes).toMatchObject({ 'messaging.destination.name': '(broadcast)', 'nestwork.outcome': 'done' });
  });
});

describe('the span of a send', () => {
  it('says that nothing was added where the key was taken', async () => {
    const { send } = await boot();
    await send.send.with({ key: 'you' }).delay('you');
    await send.send.with({ key: 'you' }).delay('you');
    const added = sdk.named('send MailTasks.send').map(({ attributes }) => attributes['nestwork.added']);
    expect(added).toEqual([undefined, false]);
  });

  it('has the code of the error that refused it, which the caller gets', async () => {
    const { send } = await boot();
    const headers = { tenant: 'x'.repeat(9_000) };
    await expect(send.send.with({ headers }).delay('you')).rejects.toMatchObject({ code: 'INVALID_HEADERS' });
    expect(sdk.only('send MailTasks.send')).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'INVALID_HEADERS' },
    });
  });

  it('leaves out its own headers where those of the call need all the room, and the task is sent', async () => {
    const { app, send } = await boot();
    const headers = { tenant: 'x'.repeat(8 * 1_024 - 6) };
    await send.send.with({ headers }).delay('you');
    expect((await apps.waiting('mail'))[0]?.options.headers).toEqual(headers);
    await drainTasks(app);
    expect(pointsTo(sdk.only('process MailTasks.send'))).toEqual({ parent: undefined, links: {} });
  });

  it('leaves out baggage that is too long for headers, and the task is sent', async () => {
    const { app, send } = await boot();
    const baggage = propagation.createBaggage({ tenant: { value: 'x'.repeat(3_000) } });
    await context.with(propagation.setBaggage(context.active(), baggage), () => send.send.delay('you'));
    expect(Object.keys((await apps.waiting('mail'))[0]?.options.headers ?? {})).toEqual([
      'traceparent',
      'nestwork-sent',
    ]);
    await drainTasks(app);
    expect(pointsTo(sdk.only('process MailTasks.send')).parent).toBe(idOf(sdk.only('send MailTasks.send')));
  });
});

describe('a header of another writer', () => {
  it.each([
    ['garbage', { traceparent: 'garbage' }, 'traceparent'],
    ['a long text', { traceparent: 'x'.repeat(10_000) }, 'traceparent'],
    ['long baggage', { baggage: 'x'.repeat(10_000) }, 'baggage'],
  ])('is ignored if it is %s; the task runs, and one line says so', async (_what, headers, name) => {
    const { app, send } = await boot();
    await send.send.delayMany([['you'], ['me']]);
    const key = '{nestwork}:queue:mail';
    for (const [at, message] of (await apps.redis.lrange(key, 0, -1)).entries()) {
      const text = JSON.stringify({ ...headers, 'nestwork-sent': '!' });
      await apps.redis.lset(key, at, message.replace(/"headers":\{.*?\}/, `"headers":${text}`));
    }
    expect(await drainTasks(app)).toMatchObject([{ error: undefined }, { error: undefined }]);
    expect(sdk.named('process MailTasks.send').map(pointsTo)).toEqual([
      { parent: undefined, links: {} },
      { parent: undefined, links: {} },
    ]);
    expect(apps.lines.with(`header ${name} is no trace context`)).toHaveLength(1);
  });

  it('is a link where it does not say when the task was sent', async () => {
    const { app, send } = await boot({ traces: false });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await send.send.with({ headers: { traceparent } }).delay('you');
    await apps.closeApps();
    const { app: worker } = await boot();
    await drainTasks(worker);
    expect(app).not.toBe(worker);
    expect(pointsTo(sdk.only('process MailTasks.send'))).toEqual({
      parent: undefined,
      links: { sender: 'b7ad6b7169203331' },
    });
  });

  it('that says it was sent long after now begins a trace, with a link', async () => {
    const { app, send } = await boot();
    await send.send.delay('you');
    const key = '{nestwork}:queue:mail';
    const [message = ''] = await apps.redis.lrange(key, 0, -1);
    await apps.redis.lset(key, 0, message.replace(/"nestwork-sent":"\w+"/, '"nestwork-sent":"zzzzzzzzz"'));
    await drainTasks(app);
    expect(pointsTo(sdk.only('process MailTasks.send'))).toEqual({
      parent: undefined,
      links: { sender: idOf(sdk.only('send MailTasks.send')) },
    });
  });

  it('in the history is no link if it is no traceparent', async () => {
    const { app, send } = await boot();
    await send.send.delay('you');
    const key = '{nestwork}:queue:mail';
    const [message = ''] = await apps.redis.lrange(key, 0, -1);
    const history = [7, 'x', null].map((place) => `\n${JSON.stringify({ at: 1, code: 'X', trace: place })}`).join('');
    await apps.redis.lset(key, 0, message + history);
    await drainTasks(app);
    expect(pointsTo(sdk.only('process MailTasks.send'))).toEqual({
      parent: undefined,
      links: { sender: idOf(sdk.only('send MailTasks.send')) },
    });
  });
});

describe('tracing', () => {
  it('propagates also what it does not sample', async () => {
    TestSdk.stop();
    sdk = TestSdk.start(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
    const { app, send } = await boot();
    await send.send.delay('you');
    const [waiting] = await apps.waiting('mail');
    expect(waiting?.options.headers?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    await drainTasks(app);
    expect(sdk.spans).toEqual([]);
    expect(seen).toEqual([expect.objectContaining({ trace: expect.stringMatching(/-00$/) })]);
  });

  it('goes by the provider of its options, without any propagator', async () => {
    TestSdk.stop();
    sdk = new TestSdk();
    const { app, send } = await boot({ tracerProvider: sdk.provider });
    await send.send.delay('you');
    await drainTasks(app);
    expect(pointsTo(sdk.only('process MailTasks.send')).parent).toBe(idOf(sdk.only('send MailTasks.send')));
  });

  it('does nothing where no SDK was started, and says so', async () => {
    TestSdk.stop();
    const { app, send } = await boot();
    await send.send.delay('you');
    const [waiting] = await apps.waiting('mail');
    expect(waiting?.options).toEqual({});
    await drainTasks(app);
    expect(seen).toEqual([{ baggage: undefined, trace: undefined }]);
    expect(apps.lines.with('no OpenTelemetry SDK was started')).toHaveLength(1);
  });

  it('decides over no task when it fails', async () => {
    const { app, send } = await boot({
      tracerProvider: {
        getTracer: () => ({
          startSpan: () => {
            throw new Error('broken tracer');
          },
          startActiveSpan: () => {
            throw new Error('broken tracer');
          },
        }),
      },
    });
    await send.send.delay('you');
    expect(await drainTasks(app)).toMatchObject([{ error: undefined }]);
    expect(apps.lines.with('broken tracer')).toHaveLength(1);
  });

  it('makes each span once in an app that imports the module twice, which a line says', async () => {
    const otel = [OpenTelemetryModule.forRoot(), OpenTelemetryModule.forRoot({ metrics: false })];
    const app = await apps.boot({
      imports: [apps.queue({ queues: ['default', 'mail'] }), ...otel],
      providers: [MailTasks],
    });
    await app.get(QueueClient).of(MailTasks).send.delay('you');
    await drainTasks(app);
    expect(pointsTo(sdk.only('process MailTasks.send')).parent).toBe(idOf(sdk.only('send MailTasks.send')));
    expect(apps.lines.with('OpenTelemetryModule.forRoot() twice; the traces')).toHaveLength(1);
  });

  it('is flushed before the app is closed', async () => {
    const flushes: string[] = [];
    const tracerProvider = flushing(async () => {
      flushes.push('flushed');
    });
    const { app } = await boot({ tracerProvider });
    await app.close();
    expect(flushes).toEqual(['flushed']);
  });

  it('keeps no app from closing: one whose last spans cannot be exported says so', async () => {
    const tracerProvider = flushing(() => Promise.reject(new Error('no collector')));
    const { app } = await boot({ tracerProvider });
    await app.close();
    expect(apps.lines.with('may be lost: Error: no collector')).toHaveLength(1);
  });

  it('keeps no app from closing: one whose collector does not answer is closed, too', async () => {
    const { app } = await boot({ tracerProvider: flushing(() => new Promise(() => {})) });
    await expect(app.close()).resolves.toBeUndefined();
  });

  it.each<[string, object]>([
    ['spanNames', { spanNames: 'both' }],
    ['traces', { traces: 'yes' }],
    ['tracerProvider', { tracerProvider: {} }],
    ['meterProvider', { meterProvider: 1 }],
    ['no option "trace"', { trace: true }],
  ])('refuses an option that does not fit: %s', (name, options) => {
    expect(() => OpenTelemetryModule.forRoot(options as OpenTelemetryOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(name) }),
    );
  });

  it('refuses a childWithin that is no duration', () => {
    expect(() => OpenTelemetryModule.forRoot({ childWithin: 'soon' as never })).toThrow(
      expect.objectContaining({ code: 'INVALID_DURATION' }),
    );
  });
});
