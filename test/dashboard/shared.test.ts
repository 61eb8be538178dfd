import { Shared } from '../../src/dashboard/live/shared.js';

it('answers are forgotten after an action, aside from counts that no action changes', async () => {
  const shared = new Shared();
  let reads = 0;
  const read = async (): Promise<number> => {
    reads += 1;
    return reads;
  };
  await shared.read('tasks', read, 1_000);
  await shared.read('counts', read, 15_000);
  shared.clear();
  expect(await shared.read('counts', read, 15_000)).toBe(2);
  expect(await shared.read('tasks', read, 1_000)).toBe(3);
});
