import { isAlive, WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

/** A worker whose children cannot be closed when they are asked to end. */
function hanging(how: string, options: { maxTasksPerChild: number; concurrency?: number }): WorkerProcess {
  const environment = { WORKER_MODULE: 'hangingClose', HANG: how };
  return fixture.worker({ children: 1, shutdownGrace: '10ms', ...options }, environment);
}

describe('a child that is replaced', () => {
  it.each(['never resolves', 'blocks', 'does not exit'])(
    'and whose app %s at its close is ended, and no task is blamed',
    async (how) => {
      const worker = hanging(how, { maxTasksPerChild: 2 });
      for (const label of ['1', '2']) await fixture.send('run', [label]);
      const { pid } = await fixture.event('closing', 'app');
      await fixture.until('it is gone', () => !isAlive(pid));
      await fixture.logged(worker, `Child ${pid} is ended: its last task ended more than 2.01 s ago`);
      await fixture.drained();
      expect(fixture.events('run')).toMatchObject([{ attempt: 1 }, { attempt: 1 }]);
      expect(worker.lines('died')).toEqual([]);
    },
  );

  it('is not ended while it runs a task', async () => {
    const worker = hanging('never resolves', { maxTasksPerChild: 2, concurrency: 2 });
    await fixture.send('hold', ['long', 'gate']);
    const { pid } = await fixture.event('started', 'long');
    for (const label of ['1', '2']) await fixture.send('run', [label]);
    await fixture.until('another has booted', () => fixture.events('booted').length === 2);
    // the first one takes tasks until the other has started
    const byAnother = (): number => fixture.events('run').filter((event) => event.pid !== pid).length;
    await fixture.until('the other is to be replaced as well', async () => {
      await fixture.send('run', ['more']);
      return byAnother() >= 2;
    });
    const { pid: other } = await fixture.event('closing', 'app');
    await fixture.logged(worker, `Child ${other} is ended`);
    expect(other).not.toBe(pid);
    expect(isAlive(pid)).toBe(true);
    fixture.open('gate');
    expect(await fixture.event('finished', 'long')).toMatchObject({ pid, attempt: 1 });
  });
});
