import { type Scenario, unless } from '../harness/scenario.js';

const QUEUE = '{nestwork}:queue:default';
const NEWER = '20000mfzix0w0["ChaosTasks.work",["newer",0]]';

/** Messages that other programs, broken ones and a later version of this one may leave in a queue. */
export const foreignMessages: Scenario = {
  name: 'foreign-messages',
  promise: 'what cannot be read is dead with its bytes, and the tasks around it run',

  async run({ arena, random, short }) {
    const rounds = short ? 5 : 200;
    const worker = arena.worker({ children: 2, concurrency: 2 });
    await arena.booted(worker, 2);
    const foreign: Buffer[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const id = `chaos0000000${round.toString(36).padStart(8, '0')}`;
      const messages = [
        Buffer.from(`${id}${NEWER}`),
        Buffer.from(`{"id":"${round}","task":"some.celery.task","args":[]}`),
        Buffer.from(Array.from({ length: random.between(1, 200) }, () => random.between(0, 255))),
        Buffer.from(`${round}`),
        Buffer.from(`${id.replace('chaos', 'other')}100000mfzix0w0["ChaosTasks.work",[`),
      ];
      foreign.push(...messages);
      await arena.redis.rpush(QUEUE, ...messages);
      const calls = Array.from({ length: 20 }, (_, index): [string, number] => [`task ${index}`, 0]);
      await arena.producer.sendMany('work', calls);
    }
    await arena.drained();
    const records = Object.values(await arena.redis.hgetallBuffer('{nestwork}:dead-records:default'));
    const missing = foreign.filter((bytes) => !records.some((record) => endsWith(record, bytes)));
    return {
      faults: foreign.length,
      figure: `${records.length} of ${foreign.length} foreign messages dead, ${foreign.length - missing.length} with all their bytes`,
      problems: [
        ...unless(missing.length === 0, `bytes lost: ${missing.slice(0, 3).map(String).join(' ')}`),
        ...unless(arena.said('died') === 0, 'a child died of them'),
      ],
    };
  },
};

function endsWith(record: Buffer, bytes: Buffer): boolean {
  return record.length >= bytes.length && record.subarray(record.length - bytes.length).equals(bytes);
}
