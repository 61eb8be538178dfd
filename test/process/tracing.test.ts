import { WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

const SENDER = 'b7ad6b7169203331';
const TRACE = '0af7651916cd43dd8448eb211c80319c';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
  readonly links: readonly [what: string, to: string][];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A worker whose children export their spans when they are flushed, and at no other time. */
function work(sdk = true): WorkerProcess {
  const setup = new URL('../../build/fixtures/tracing.js', import.meta.url).href;
  return fixture.worker({ children: 1 }, sdk ? { NODE_OPTIONS: `--import ${setup}` } : {}, 'traced-worker');
}

/** Sends a task as an app with a tracer does, just now. */
async function send(task: string, ...args: unknown[]): Promise<string> {
  const headers = { traceparent: `00-${TRACE}-${SENDER}-01`, 'nestwork-sent': Date.now().toString(36) };
  return (
    await fixture
      .sender(task)
      .with({ headers })
      .delay(...args)
  ).id;
}

function spans(): Span[] {
  return fixture.events('span').map(({ label }) => JSON.parse(label) as Span);
}

describe('a traced worker', () => {
  it('exports the last spans of its children when it is stopped', async () => {
    const worker = work();
    await send('run', 'one');
    await fixture.event('run', 'one');
    await fixture.drained();
    expect(spans()).toEqual([]);
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(spans()).toMatchObject([
      {
        name: 'process FixtureTasks.run',
        traceId: TRACE,
        parent: SENDER,
        links: [],
        attributes: { 'nestwork.outcome': 'done', 'nestwork.attempt': 1 },
      },
    ]);
  });

  it('begins a trace for a task whose process has died, with a link to its sender', async () => {
    const worker = work();
    await send('hold', 'work', 'gate');
    const { pid } = await fixture.event('started', 'work');
    process.kill(pid, 'SIGKILL');
    await fixture.until('it runs again', () => fixture.events('started', 'work').length === 2);
    fixture.open('gate');
    await fixture.drained();
    worker.kill('SIGTERM');
    await worker.ended();
    const [ran, ...others] = spans();
    // that of the process that died went with it
    expect(others).toEqual([]);
    expect(ran).toMatchObject({
      links: [['sender', SENDER]],
      attributes: { 'nestwork.outcome': 'done', 'nestwork.attempt': 2 },
    });
    expect(ran?.traceId).not.toBe(TRACE);
  });

  it('writes the trace of a task into its log lines and its history', async () => {
    const worker = work();
    const id = await send('fail', 'one');
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    await fixture.logged(worker, `[TaskWorker] trace=${TRACE} Task FixtureTasks.fail ${id} is dead`);
    worker.kill('SIGTERM');
    await worker.ended();
    const [ran] = spans();
    expect((await fixture.dead(id))?.attempts).toMatchObject([{ attempt: 1, trace: `00-${TRACE}-${ran?.spanId}-01` }]);
  });

  it('without an SDK says so once for each child, and runs tasks', async () => {
    const worker = work(false);
    await send('run', 'one');
    await fixture.event('run', 'one');
    await fixture.logged(worker, 'no OpenTelemetry SDK was started');
  });
});
