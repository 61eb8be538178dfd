import type { FlowBuilder, QueueClient } from 'nestwork';
import { ENDURING, underAllFaults } from '../harness/all-faults.js';
import type { Random } from '../harness/random.js';
import { type Scenario, type Stage, unless } from '../harness/scenario.js';

/** Flows that are under way at once. */
const AHEAD = 200;
const PATIENCE_MS = 600_000;

/** Every flow ends in one task of this label, which checks what it gets. */
const endOf = (flow: number): string => `end ${flow};`;

/** Flows of all shapes under everything that can happen to processes, to replies and to Redis. */
export const flows: Scenario = {
  name: 'flows',
  promise: 'a flow releases each task that waits exactly once, and none waits for ever',
  arena: () => ENDURING,

  async run(stage) {
    const { arena, short } = stage;
    const { count, faults } = short ? { count: 150, faults: 9 } : { count: 10_000, faults: 240 };
    const ids: string[] = [];
    await underAllFaults(stage, faults, {
      units: 'flows',
      count,
      send: () => send(stage, count, ids),
      ended: () => arena.ledger.finishesOf('end ').length,
    });
    await arena.until(
      'all flows have ended',
      async () => {
        // three kills that hit one task bury it: somebody redrives it, and its flow goes on
        await arena.producer.redriveCrashed();
        return (await arena.redis.zcard('{nestwork}:groups-ended')) === count;
      },
      PATIENCE_MS,
    );
    await arena.drained();
    return { faults, figure: `${count} flows, ${arena.proxy.total} lost replies`, problems: await broken(stage, ids) };
  },
};

async function send({ arena, random }: Stage, count: number, ids: string[]): Promise<void> {
  for (let flow = 0; flow < count; flow += 1) {
    await arena.until('flows end', () => flow - arena.ledger.finishesOf('end ').length < AHEAD, PATIENCE_MS);
    ids.push(await arena.producer.flow((queue) => shaped(queue, random, flow)));
  }
}

function shaped(queue: QueueClient, random: Random, number: number): FlowBuilder {
  const task = (name: string) =>
    queue.task<unknown[], string>(`ChaosTasks.${name}`).with({ queue: 'default', result: '1h' });
  const flow = queue.flow({ name: `flow ${number}` });
  const part = (label: string) => flow.add(task('part'), `${label} of ${number}`, random.between(0, 4));
  const shape = random.pick(['chain', 'fan', 'diamond', 'tolerant', 'growing'] as const);
  if (shape === 'chain') {
    const joined = flow.add(task('join'), `middle ${number}`, [part('a')], 1);
    flow.add(task('join'), endOf(number), [joined], 1);
  } else if (shape === 'fan') {
    const parts = Array.from({ length: random.between(2, 12) }, (_, at) => part(`part ${at}`));
    flow.add(task('join'), endOf(number), parts, parts.length);
  } else if (shape === 'diamond') {
    const top = part('top');
    const sides = ['left', 'right'].map((side) => flow.add(task('join'), `${side} ${number}`, [top], 1));
    flow.add(task('join'), endOf(number), sides, 2);
  } else if (shape === 'tolerant') {
    const failing = flow.add(task('fail').with({ retries: 0 }), `failing ${number}`);
    flow.with({ onFailure: 'skip' }).add(task('join'), endOf(number), [part('a'), failing, part('b')], 2);
  } else {
    const pages = random.between(1, 6);
    flow.add(task('join'), endOf(number), flow.add(task('split'), `split ${number}`, pages), pages);
  }
  return flow;
}

async function broken({ arena }: Stage, ids: readonly string[]): Promise<string[]> {
  const states = await arena.producer.statesOf(ids);
  const unfinished = states.filter((state) => state !== 'done');
  const released = new Map<string, Set<string>>();
  for (const { label, id } of arena.ledger.startsOf('end ')) {
    released.set(label, (released.get(label) ?? new Set()).add(id));
  }
  const twice = [...released].filter(([, tasks]) => tasks.size > 1);
  const wrong = arena.ledger.finishesOf('wrong ');
  return [
    ...unless(unfinished.length === 0, `${unfinished.length} flows are not done: ${unfinished.slice(0, 5)}`),
    ...unless(released.size === ids.length, `${released.size} of ${ids.length} last tasks were released`),
    ...unless(twice.length === 0, `${twice.length} last tasks were released twice`),
    ...unless(wrong.length === 0, `${wrong.length} tasks got wrong results, such as ${wrong[0]?.label}`),
  ];
}
