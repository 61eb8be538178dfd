import type { LimitDeclaration } from './limit-declarations.js';
import { rateOf } from './rate.js';

/** The first setting in which two declarations of a limit differ, as one and as the other has it; undefined where they agree. */
export function limitDifference(
  one: LimitDeclaration,
  other: LimitDeclaration,
): readonly [one: string, other: string] | undefined {
  const settings = settingsOf(other);
  const all = settingsOf(one).map((setting, at) => [setting, settings[at] ?? ''] as const);
  return all.find(([here, there]) => here !== there);
}

function settingsOf({ concurrency, intervalUs, burst, keyed, ordered }: LimitDeclaration): string[] {
  return [
    keyed ? 'a `key`' : 'no `key`',
    concurrency === undefined ? 'no `concurrency`' : `\`concurrency\` ${concurrency}`,
    intervalUs === undefined ? 'no `rate`' : `\`rate\` ${rateOf(intervalUs)}`,
    burst === undefined ? 'no `burst`' : `\`burst\` ${burst}`,
    `\`ordered\` ${ordered}`,
  ];
}
