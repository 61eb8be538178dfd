import { freePort } from '../support/free-port.js';
import { isAlive, WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

/** The ports on which processes of the worker said to listen, in order. */
function ports(worker: WorkerProcess): number[] {
  return Array.from(worker.output.matchAll(/Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)\//g), ([, port]) =>
    Number(port),
  );
}

it('a debugger finds each child on its own port, and a replacement on the port of its predecessor', async () => {
  const base = await freePort(3);
  const worker = fixture.worker({ children: 2 }, { NODE_OPTIONS: `--inspect=127.0.0.1:${base}` });
  await fixture.until('both children have booted', () => fixture.events('booted').length === 2);
  await fixture.until('all have said where', () => ports(worker).length === 3);
  expect(ports(worker)).toEqual([base, base + 1, base + 2]);
  const targets = await fetch(`http://127.0.0.1:${base + 2}/json/list`).then((reply) => reply.json());
  expect(targets).toMatchObject([{ type: 'node', title: expect.stringContaining('worker.js') }]);
  process.kill(childPids()[1] as number, 'SIGKILL');
  await fixture.until('it is replaced', () => fixture.events('booted').length === 3);
  await fixture.until('it has said where', () => ports(worker).length === 4);
  expect(ports(worker)[3]).toBe(base + 2);
  expect(worker.output).not.toContain('address already in use');
});

it('with `--inspect=0` each process gets a free port', async () => {
  const worker = fixture.worker({ children: 2 }, { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
  await fixture.until('both children have booted', () => fixture.events('booted').length === 2);
  await fixture.until('all have said where', () => new Set(ports(worker)).size === 3);
});

/** In the order in which they booted, which is that of their seats: the second is forked when the first has. */
function childPids(): number[] {
  return fixture
    .events('booted')
    .map(({ pid }) => pid)
    .filter(isAlive);
}
