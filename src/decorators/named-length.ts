import type { Duration } from '../values/duration.js';

/** What `@Interval` and `@Timeout` get: a length of time and options, or a name before both, as in `@nestjs/schedule`. */
export function namedLength<Options extends { readonly name?: string }>(
  first: string | Duration,
  second: Duration | Options | undefined,
  third: Options | undefined,
): readonly [length: Duration, options: Options] {
  if (typeof second === 'number' || typeof second === 'string') {
    return [second, { ...third, name: first as string } as Options];
  }
  return [first as Duration, second ?? ({} as Options)];
}
