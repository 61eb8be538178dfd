import { CommandMonitor } from '../support/command-monitor.js';
import { isAlive, WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

interface Answer {
  readonly pid: number;
  readonly attempt: number;
}

/** How often the end of a task was announced to its sender. */
async function announced<T>(act: () => Promise<T>): Promise<[value: T, times: number]> {
  const { server, redis } = fixture.broker;
  const monitor = await CommandMonitor.start(server.port);
  const value = await act();
  await fixture.drained();
  const pushes = (await monitor.seen(redis)).filter(([name = '', key = '']) =>
    /^rpush .*:answers:/i.test(`${name} ${key}`),
  );
  monitor.stop();
  return [value, pushes.length];
}

describe('a task whose sender waits, and whose process is killed', () => {
  it.each(['returned', 'encoded'])(
    'once its result was %s: it runs again, and its sender gets that result alone',
    async (when) => {
      fixture.worker({ children: 1 });
      const [answer, times] = await announced(() =>
        fixture.sender('answer').with({ timeout: '60s' }).run('part', when),
      );
      const runs = fixture.events('run', 'part').map(({ pid, attempt }) => ({ pid, attempt }));
      expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2]);
      expect([answer, times]).toEqual([runs[1], 1]);
    },
  );

  it('once its result was sent: its sender gets that, or that of the next run, and no other', async () => {
    fixture.worker({ children: 1 });
    const [answer, times] = await announced(() =>
      fixture.sender('answer').with({ timeout: '60s' }).run('part', 'sent'),
    );
    const runs = fixture.events('run', 'part').map(({ pid, attempt }) => ({ pid, attempt }));
    expect([answer, times]).toEqual([runs.at(-1), 1]);
    await fixture.until('the child was replaced', () => fixture.events('booted').length === 2);
  });

  it('three times: it is dead, and its sender gets that', async () => {
    fixture.worker({ children: 1 });
    const sent = fixture.sender('answer').with({ timeout: '60s' });
    const [error, times] = await announced(() => sent.run('part', 'always').catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ name: 'TaskFailedError', code: 'CRASHED', attempts: 3 });
    expect([fixture.events('run', 'part').length, times]).toEqual([3, 1]);
  });
});

describe('a task whose sender waits, and whose supervisor is killed', () => {
  it('while it runs: another worker runs it again, and its sender gets that result alone', async () => {
    const doomed = fixture.worker({ children: 1, lease: '1s' });
    const [answer, times] = await announced(async () => {
      const result = fixture.sender('answerWhenOpen').with({ timeout: '60s' }).run('part', 'gate');
      const { pid } = await fixture.event('started', 'part');
      doomed.kill('SIGKILL');
      await fixture.until('its child has ended', () => !isAlive(pid));
      fixture.worker({ children: 1, lease: '1s' });
      await fixture.until('it runs again', () => fixture.events('started', 'part').length === 2);
      fixture.open('gate');
      return (await result) as Answer;
    });
    const finished = fixture.events('finished', 'part').map(({ pid, attempt }) => ({ pid, attempt }));
    expect([finished, times]).toEqual([[answer], 1]);
  });

  it('while its result is on its way: its sender gets that, or that of another run, and no other', async () => {
    const { server } = fixture.broker;
    const doomed = fixture.worker({ children: 1, lease: '1s' });
    const [answer, times] = await announced(async () => {
      const result = fixture.sender('answerWhenOpen').with({ timeout: '60s' }).run('part', 'gate');
      await fixture.event('started', 'part');
      server.pause();
      fixture.open('gate');
      const { pid } = await fixture.event('finished', 'part');
      doomed.kill('SIGKILL');
      await fixture.until('its child has ended', () => !isAlive(pid));
      server.resume();
      fixture.worker({ children: 1, lease: '1s' });
      return (await result) as Answer;
    });
    const finished = fixture.events('finished', 'part').map(({ pid, attempt }) => ({ pid, attempt }));
    expect([finished.at(-1), times]).toEqual([answer, 1]);
  });
});

it('the result of an attempt that has lost its lease is that of nobody', async () => {
  const paused = fixture.worker({ children: 1, lease: '1s' });
  const [answer, times] = await announced(async () => {
    const result = fixture.sender('answerWhenOpen').with({ timeout: '60s' }).run('part', 'first');
    const { pid } = await fixture.event('started', 'part');
    for (const one of [paused.pid, pid]) process.kill(one, 'SIGSTOP');
    fixture.worker({ children: 1, lease: '1s' });
    await fixture.until('the other runs it', () => fixture.events('started', 'part').length === 2);
    process.kill(pid, 'SIGCONT');
    fixture.open('first');
    const value = (await result) as Answer;
    process.kill(paused.pid, 'SIGCONT');
    await fixture.until('it starts over', () => paused.lines('starting over').length > 0);
    return value;
  });
  expect([answer.pid, times]).toEqual([fixture.events('started', 'part')[1]?.pid, 1]);
});
