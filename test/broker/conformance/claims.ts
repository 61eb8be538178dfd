import type { TestClaims } from '../../../src/testing/test-work.js';
import { countersOf, idOf, LINE, MINUTE_MS, QUEUES, REPORT, type Stage } from './stage.js';

export function claims(stage: () => Stage): void {
  let claims: TestClaims;
  const again = { inMs: 0, failures: 0, line: LINE, counts: true };

  it('tasks are claimed from the queues by priority, each queue in order', async () => {
    const { broker } = stage();
    const [a = '', b = '', c = '', d = ''] = stage().messages(4);
    await broker.enqueue('bulk', [d]);
    await broker.enqueue('default', [b, c]);
    await broker.enqueue('critical', [a]);
    expect(await stage().next()).toEqual({ id: idOf(a), queue: 'critical', message: a });
    expect(await stage().takeAll()).toEqual([b, c, d].map(idOf));
  });

  describe('a claim', () => {
    beforeEach(async () => {
      ({ claims } = await stage().work());
    });

    it('ends once, when the task is done', async () => {
      const message = stage().message();
      const task = await stage().taken(message);
      expect(await claims.done(task)).toBe(true);
      expect(await claims.done(task)).toBe(false);
      expect(await stage().state(message)).toBe('unknown');
    });

    it('ends as a retry at the tail of its queue, counted, with its history', async () => {
      const [message = '', other = ''] = stage().messages(2);
      const task = await stage().taken(message);
      await stage().broker.enqueue('default', [other]);
      expect(await claims.retry(task, again)).toBe(true);
      expect(await stage().takeAll(1)).toEqual([idOf(other)]);
      const next = await stage().next();
      expect(next.id).toBe(task.id);
      expect(countersOf(next.message)).toEqual({ failures: 1, crashes: 0, suspicions: 0 });
      expect(next.message).toMatch(/\]\n\{"at":1,"code":"TASK_FAILED"\}$/);
    });

    it('ends as a scheduled retry, uncounted when it was no attempt', async () => {
      const { broker, world } = stage();
      const task = await stage().taken();
      await claims.retry(task, { ...again, inMs: MINUTE_MS, counts: false });
      expect(await stage().state(task.message)).toBe('scheduled');
      await world.letTimePass(MINUTE_MS);
      await broker.promote(10);
      expect(countersOf((await stage().next()).message).failures).toBe(0);
    });

    it('ends as a retry once for each attempt, and only while it is held', async () => {
      const task = await stage().taken();
      await claims.retry(task, again);
      expect(await claims.retry(task, again)).toBe(false);
      const next = await stage().next();
      expect(await claims.retry(task, again)).toBe(false);
      expect(await claims.retry(next, { ...again, failures: 1 })).toBe(true);
    });

    it('keeps the last twenty lines of the history', async () => {
      let task = await stage().taken();
      for (let failures = 0; failures < 25; failures += 1) {
        await claims.retry(task, { ...again, failures, line: `\n{"at":${failures}}` });
        task = await stage().next();
      }
      const { message = '' } = await stage().broker.locate(task.id);
      expect(message.split('\n').slice(1)).toEqual(Array.from({ length: 20 }, (_, n) => `{"at":${n + 5}}`));
    });

    it('ends as a death with its report, counted if it was an attempt', async () => {
      const { broker } = stage();
      const [a, b] = [await stage().taken(), await stage().taken()];
      expect(await claims.bury(a, REPORT, LINE)).toBe(true);
      expect(await claims.bury(b, REPORT, '')).toBe(true);
      const [first, second] = await Promise.all([a, b].map(({ id }) => broker.deadLetters.find('default', id)));
      const [report = '', message = '', line] = first?.record.toString().split('\n') ?? [];
      expect(JSON.parse(report)).toEqual(REPORT);
      expect([countersOf(message).failures, line]).toEqual([1, LINE.slice(1)]);
      expect(second?.record.toString()).toBe(`${JSON.stringify(REPORT)}\n${b.message}`);
    });

    it('ends as no death when it is not held, or the task was claimed again since', async () => {
      const task = await stage().taken();
      await claims.retry(task, again);
      expect(await claims.bury(task, REPORT, '')).toBe(false);
      const next = await stage().next();
      expect(await claims.bury(task, REPORT, '')).toBe(false);
      expect(await claims.bury(next, REPORT, '')).toBe(true);
    });
  });

  it('queueStates returns the counts of each queue, and whether a worker serves it', async () => {
    const { broker } = stage();
    const empty = {
      pending: 0,
      heldBack: 0,
      scheduled: 0,
      quarantined: 0,
      dead: 0,
      died: 0,
      head: undefined,
      dueAt: undefined,
    };
    const nobody = QUEUES.map((queue) => ({ ...empty, queue, served: false, contestants: [] }));
    expect(await broker.queueStates(QUEUES)).toEqual(nobody);
    const [head = '', other = ''] = stage().messages(2);
    await stage().dead(stage().message(), 'bulk');
    await broker.enqueue('default', [head, other]);
    await broker.enqueue('default', stage().messages(1), { at: FUTURE });
    const served = { ...empty, served: true, contestants: [] };
    expect(await broker.queueStates(['default', 'bulk', 'critical'])).toEqual([
      { ...served, queue: 'default', pending: 2, scheduled: 1, head, dueAt: FUTURE },
      { ...served, queue: 'bulk', dead: 1 },
      { ...served, queue: 'critical' },
    ]);
    expect(await broker.queueStates(['bulk'], { diedSince: 0 })).toMatchObject([{ dead: 1, died: 1 }]);
    expect(await broker.queueStates(['bulk'], { diedSince: FUTURE })).toMatchObject([{ dead: 1, died: 0 }]);
    expect(await broker.staleAcks()).toBe(0);
  });
}

const FUTURE = Date.UTC(2100, 0, 1);
