import { readFileSync } from 'node:fs';
import type { TaskQueueOptions, WorkerOptions } from '../../src/options/options.js';
import { resolveTaskQueueOptions, resolveWorkerOptions } from '../../src/options/resolve-options.js';

/** The names in a section of a page. */
function described(page: string, heading: string): string[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const [, section = ''] = text.split(`\n## ${heading}\n`);
  return (section.split('\n## ')[0] ?? '').match(/(?<=`)\w+(?=`)/g) ?? [];
}

/** The options that an error lists where one is unknown. */
function known(resolve: (options: object) => unknown): string[] {
  try {
    resolve({ nonsense: 1 });
  } catch (error) {
    return /Known options: (.*)\./.exec(String(error))?.[1]?.split(', ') ?? [];
  }
  return [];
}

it.each([
  [
    'TaskQueueModule',
    'options.md',
    'The module',
    (given: object) => resolveTaskQueueOptions(given as TaskQueueOptions),
  ],
  ['redis', 'options.md', 'Redis', (redis: object) => resolveTaskQueueOptions({ redis } as TaskQueueOptions)],
  ['WorkerFactory.run', 'workers.md', 'Options', (given: object) => resolveWorkerOptions(given as WorkerOptions)],
] as const)('the section about the options of %s names each of them', (_of, page, heading, resolve) => {
  const options = known(resolve);
  expect(options.length).toBeGreaterThan(10);
  expect(described(page, heading)).toEqual(expect.arrayContaining(options));
});
