import { type Booting, BootWatch } from '../../src/supervisor/boot-watch.js';

let logged: string[];
let ended: string[];
beforeEach(() => {
  logged = [];
  ended = [];
});

/** A child that was forked so long ago. */
function child(ageMs: number, given: Partial<Booting> = {}): Booting {
  const failBoot = (why: string): void => void ended.push(why);
  return {
    pid: 7,
    forkedAtMs: performance.now() - ageMs,
    booted: false,
    bootFailed: false,
    claimant: undefined,
    failBoot,
    ...given,
  };
}

function watch(children: readonly Booting[], timeoutMs?: number): BootWatch {
  const logger = { warn: (line: string): void => void logged.push(line) };
  return new BootWatch({ timeoutMs, children: () => children, logger });
}

it('a child that has been booting for 30 s is logged once, and is not ended without a timeout', async () => {
  const boots = watch([child(29_000), child(31_000)]);
  await boots.tick();
  await boots.tick();
  expect(logged).toEqual([expect.stringMatching(/^Child 7 runs no tasks: it has been booting for 30 s\./)]);
  expect(ended).toEqual([]);
});

it('a child that has booted and that Redis does not admit is logged once', async () => {
  const boots = watch([child(31_000, { booted: true })], 1_000);
  await boots.tick();
  await boots.tick();
  expect(logged).toEqual([expect.stringContaining('it has booted, and has waited for 30 s for Redis to admit it')]);
  expect(ended).toEqual([]);
});

it('a child that may claim is ignored, however long ago it was forked', async () => {
  await watch(
    [child(3_600_000, { booted: true, claimant: { session: 's-1', child: 's-1.1', queues: [] } })],
    1_000,
  ).tick();
  expect([...logged, ...ended]).toEqual([]);
});

it('a child that has not booted in time is ended', async () => {
  await watch([child(4_000), child(6_000)], 5_000).tick();
  expect(ended).toEqual([
    expect.stringContaining('it had not booted within its `bootTimeout` of 5 s. A lifecycle hook'),
  ]);
});

it('a child that has reported why it cannot boot and does not end by itself is ended', async () => {
  const boots = watch([child(100, { bootFailed: true })]);
  await boots.tick();
  expect(ended).toEqual([]);
  await boots.tick();
  expect(ended).toEqual(['it had not ended after its boot had failed']);
});
