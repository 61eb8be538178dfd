import type { LimitDeclaration } from '../../../src/broker/port/broker.js';
import { limitKey, nameOfQueueLimit } from '../../../src/message/limit-tag.js';
import { MemoryLimits } from '../../../src/testing/memory/memory-limits.js';

const NOW = Date.UTC(2026, 0, 1);
const SECOND_US = 1_000_000;

let now: number;
let limits: MemoryLimits;
beforeEach(() => {
  now = NOW;
  limits = new MemoryLimits(() => now);
});

function declare(...declarations: (Partial<LimitDeclaration> & { name: string })[]): void {
  limits.declare(declarations.map((declaration) => ({ keyed: false, ordered: false, ...declaration })));
}

describe('a limit of concurrency', () => {
  const one = limitKey('one');

  it('has room until so many tasks hold it, and again when one gives it up', () => {
    declare({ name: 'one', concurrency: 2 });
    expect(limits.room(one)).toBe(2);
    limits.take(one);
    limits.take(one);
    expect([limits.room(one), limits.shut([one])]).toEqual([0, { limit: one, opensAt: undefined }]);
    limits.giveUp(one);
    expect([limits.room(one), limits.shut([one])]).toEqual([1, undefined]);
  });

  it('lets a task start that keeps its slot, which takes no other', () => {
    declare({ name: 'one', concurrency: 1 });
    limits.take(one);
    expect(limits.shut([one], [one])).toBeUndefined();
    limits.take(one, true);
    limits.giveUp(one);
    expect(limits.room(one)).toBe(1);
  });

  it('stays free when a task gives up a slot that clear() has forgotten', () => {
    declare({ name: 'one', concurrency: 1 });
    limits.take(one);
    limits.clear();
    limits.giveUp(one);
    expect([limits.room(one), limits.state(one).used]).toEqual([1, 0]);
  });
});

describe('a rate', () => {
  const rate = limitKey('rate');

  it('lets a burst start, and then one task in each interval', () => {
    declare({ name: 'rate', intervalUs: SECOND_US, burst: 3 });
    expect(limits.room(rate)).toBe(3);
    for (let at = 0; at < 3; at += 1) limits.take(rate);
    expect(limits.shut([rate])).toEqual({ limit: rate, opensAt: NOW + 1_000 });
    now += 999;
    expect(limits.room(rate)).toBe(0);
    now += 1;
    expect(limits.room(rate)).toBe(1);
    now += 60_000;
    expect(limits.room(rate)).toBe(3);
  });

  it('opens at the first whole ms', () => {
    declare({ name: 'rate', intervalUs: 1_500, burst: 1 });
    limits.take(rate);
    expect(limits.shut([rate])).toEqual({ limit: rate, opensAt: NOW + 2 });
  });

  it('does not open by itself while the concurrency is full', () => {
    declare({ name: 'rate', concurrency: 1, intervalUs: SECOND_US, burst: 1 });
    limits.take(rate);
    expect(limits.shut([rate])).toEqual({ limit: rate, opensAt: undefined });
    limits.giveUp(rate);
    expect(limits.shut([rate])).toEqual({ limit: rate, opensAt: NOW + 1_000 });
  });

  it('holds for a task that keeps its slot, too', () => {
    declare({ name: 'rate', concurrency: 1, intervalUs: SECOND_US, burst: 1, ordered: true });
    limits.take(rate);
    expect(limits.shut([rate], [rate])).toEqual({ limit: rate, opensAt: NOW + 1_000 });
  });
});

describe('a key', () => {
  const [acme, globex] = ['acme', 'globex'].map((key) => limitKey('api', key)) as [string, string];

  it('that is stopped starts nothing until then, others go on; a shorter stop changes nothing', () => {
    declare({ name: 'api', concurrency: 5, keyed: true });
    limits.stop(acme, 2_000);
    limits.stop(acme, 1_000);
    expect([limits.shut([globex]), limits.shut([acme])]).toEqual([undefined, { limit: acme, opensAt: NOW + 2_000 }]);
    expect(limits.state(acme)).toMatchObject({ isStopped: true, isShut: true });
    now += 2_000;
    expect(limits.shut([acme])).toBeUndefined();
  });

  it('that nobody declares can be stopped', () => {
    limits.stop(acme, 1_000);
    expect([limits.room(acme), limits.room(globex)]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('is named in clear where it is known', () => {
    declare(
      { name: 'api', concurrency: 5, keyed: true },
      { name: nameOfQueueLimit('mail'), concurrency: 1, queue: 'mail' },
    );
    limits.label([acme, 'acme']);
    const gate = limits.gateOf('mail') ?? '';
    expect([acme, globex, gate].map((key) => limits.nameOf(key))).toEqual([
      '"api" of "acme"',
      '"api"',
      'of queue "mail"',
    ]);
    expect(limits.gateOf('default')).toBeUndefined();
  });
});

it('of several limits the first one that is shut is named', () => {
  declare({ name: 'a', concurrency: 1 }, { name: 'b', concurrency: 1 }, { name: 'c', concurrency: 1 });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => limitKey(name)) as [string, string, string];
  limits.take(c);
  limits.take(b);
  expect(limits.shut([a, b, c])?.limit).toBe(b);
});
