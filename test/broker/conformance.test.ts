/**
 * The behaviour of a broker, through the port alone. The one in memory, which the tests of apps use, has but the part of an app and a
 * worker that takes one task after another: both do that. The one over Redis has sessions, children and leases as well.
 * Other tests cover the parts that only Redis has: keys, scripts, lost replies, full memory, several processes.
 */
import { broadcasts } from './conformance/broadcasts.js';
import { cancelling } from './conformance/cancelling.js';
import { claims } from './conformance/claims.js';
import { crons } from './conformance/crons.js';
import { deadLetters } from './conformance/dead-letters.js';
import { groups } from './conformance/groups.js';
import { uniqueKeys } from './conformance/keys.js';
import { limits } from './conformance/limits.js';
import { looking } from './conformance/looking.js';
import { claiming } from './conformance/over-redis/claiming.js';
import { cronsOfMany } from './conformance/over-redis/crons.js';
import { pausing } from './conformance/over-redis/pausing.js';
import { streaming } from './conformance/over-redis/streaming.js';
import { supervising } from './conformance/over-redis/supervising.js';
import { producing } from './conformance/producing.js';
import { relaying } from './conformance/relaying.js';
import { results } from './conformance/results.js';
import { runTimeCrons } from './conformance/run-time-crons.js';
import { RedisStage, Stage, type World } from './conformance/stage.js';
import { turns } from './conformance/turns.js';
import { inMemory, overRedis } from './conformance/worlds.js';

const OF_ALL = [
  producing,
  relaying,
  claims,
  limits,
  turns,
  uniqueKeys,
  cancelling,
  looking,
  deadLetters,
  results,
  groups,
  crons,
  runTimeCrons,
  broadcasts,
];

describe('a broker over Redis', () => {
  behaves(overRedis, (world) => new RedisStage(world), [
    ...OF_ALL,
    claiming,
    supervising,
    cronsOfMany,
    pausing,
    streaming,
  ]);
});

describe('a broker in memory', () => {
  behaves(inMemory, (world) => new Stage(world), OF_ALL);
});

function behaves<W extends World, S extends Stage<W>>(
  start: () => Promise<W>,
  stageOf: (world: W) => S,
  behaviours: readonly ((stage: () => S) => void)[],
): void {
  let world: W;
  let stage: S;
  beforeAll(async () => {
    world = await start();
  });
  beforeEach(() => {
    stage = stageOf(world);
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  for (const behaviour of behaviours) behaviour(() => stage);
}
