import { isAlive, WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

describe('a child is replaced', () => {
  it('after `maxTasksPerChild` tasks, each of which runs once', async () => {
    const worker = fixture.worker({ children: 1, maxTasksPerChild: 100 });
    const labels = Array.from({ length: 100 }, (_, index) => `first ${index}`);
    await fixture.sendMany(
      'run',
      labels.map((label) => [label]),
    );
    await fixture.until('another has booted', () => fixture.events('booted').length === 2);
    const [first, second] = fixture.events('booted').map(({ pid }) => pid) as [number, number];
    await fixture.until('the first has ended', () => !isAlive(first));
    await fixture.send('run', ['afterwards']);
    expect(await fixture.event('run', 'afterwards')).toMatchObject({ pid: second, attempt: 1 });
    await fixture.drained();
    expect(
      fixture
        .events('run')
        .map(({ label }) => label)
        .sort(),
    ).toEqual([...labels, 'afterwards'].sort());
    await fixture.logged(worker, 'Replacing child');
    expect(worker.lines('died')).toHaveLength(0);
  });

  it('when it has grown too big, after its current task, and works until its successor is ready', async () => {
    fixture.worker({ children: 1, concurrency: 2, maxMemoryPerChild: '300MB' });
    await fixture.send('hold', ['current', 'gate']);
    const { pid } = await fixture.event('started', 'current');
    await fixture.send('leak', ['leak', 300]);
    await fixture.until('another has booted', () => fixture.events('booted').length === 2);
    await fixture.send('run', ['meanwhile']);
    await fixture.event('run', 'meanwhile');
    expect(isAlive(pid)).toBe(true);
    fixture.open('gate');
    await fixture.drained();
    await fixture.until('it has ended', () => !isAlive(pid));
    expect(fixture.events('finished')).toMatchObject([{ label: 'current', pid, attempt: 1 }]);
    expect(fixture.events('destroyed')).toHaveLength(1);
  });
});
