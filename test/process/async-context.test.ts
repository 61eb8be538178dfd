import { WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

/** Sends a task of a tenant; resolves to the context it must see at every place, unless it sends another one. */
async function send(task: string, tenant?: string): Promise<string> {
  const handle = await fixture.tenantSender(task, tenant).delay();
  return `${handle.id} ${tenant} ${tenant}`;
}

/** The contexts that were seen, by the way on which code continued. */
async function seenBy(tasks: number): Promise<Record<string, string[]>> {
  await fixture.until('all are over', () => fixture.events('gone').length === tasks);
  const seen: Record<string, string[]> = {};
  for (const { kind, label } of fixture.events()) if (kind !== 'gone') seen[kind] = [...(seen[kind] ?? []), label];
  return seen;
}

it('a task has its TaskContext, nestjs-cls and a storage of the user in every step, also with several tasks at once', async () => {
  fixture.worker({ children: 1, concurrency: 3 }, {}, 'tenant-worker');
  const wanted = await Promise.all(['a', 'b', 'c'].map((tenant) => send('go', tenant)));
  const seen = await seenBy(3);
  expect(Object.keys(seen).length).toBeGreaterThan(10);
  for (const [way, labels] of Object.entries(seen)) expect([way, labels.sort()]).toEqual([way, [...wanted].sort()]);
});

it('a task finds no context of the task before it', async () => {
  fixture.worker({ children: 1 }, {}, 'tenant-worker');
  await send('go', 'first');
  const wanted = await send('go');
  const seen = await seenBy(2);
  for (const [way, labels] of Object.entries(seen)) expect([way, labels[1]]).toEqual([way, wanted]);
});

it('a task that another task sends gets its tenant through `propagate`', async () => {
  fixture.worker({ children: 1 }, {}, 'tenant-worker');
  await send('chain', 'acme');
  const [label] = (await seenBy(1))['at once'] ?? [];
  expect(label).toMatch(/ acme acme$/);
});
