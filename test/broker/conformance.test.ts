/**
 * What every broker does, through the port alone: the one over Redis, and the one in memory that tests of apps use. What
 * only Redis can have (keys, scripts, lost replies, full memory, several processes) is tested beside it.
 */
import { cancelling } from './conformance/cancelling.js';
import { claiming } from './conformance/claiming.js';
import { crons } from './conformance/crons.js';
import { deadLetters } from './conformance/dead-letters.js';
import { uniqueKeys } from './conformance/keys.js';
import { producing } from './conformance/producing.js';
import { Stage, type World } from './conformance/stage.js';
import { streaming } from './conformance/streaming.js';
import { supervising } from './conformance/supervising.js';
import { inMemory, overRedis } from './conformance/worlds.js';

describe.each([
  ['over Redis', overRedis],
  ['in memory', inMemory],
])('a broker %s', (_name, start) => {
  let world: World;
  let stage: Stage;
  beforeAll(async () => {
    world = await start();
  });
  beforeEach(() => {
    stage = new Stage(world);
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  for (const behaviour of [producing, claiming, uniqueKeys, supervising, cancelling, deadLetters, crons, streaming]) {
    behaviour(() => stage);
  }
});
