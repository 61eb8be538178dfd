import { readFileSync } from 'node:fs';
// @ts-expect-error a tool without types
import { luaFile } from '../../tools/generate.mjs';
// @ts-expect-error a tool without types
import { ROOT } from '../../tools/run.mjs';
// @ts-expect-error a tool without types
import { GUARDS } from '../mutation/guards.mjs';

interface Guard {
  readonly script: string;
  readonly guard: string;
  readonly find: string;
}

function countOf({ script, find }: Guard): number {
  return readFileSync(luaFile(ROOT, script), 'utf8').split(find).length - 1;
}

it('each guard in test/mutation/guards.mjs is found once in its script', () => {
  const stale = (GUARDS as readonly Guard[]).filter((guard) => countOf(guard) !== 1);
  expect(stale.map(({ script, guard }) => `${script}: ${guard}`)).toEqual([]);
});
