import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compilerOptionsOf, ExampleProgram } from '../support/example-program.js';
import { type Example, examplesOfExport, examplesOfPage, exportsOf } from '../support/examples.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const PAGES = ['README.md', ...pagesIn('docs'), ...pagesIn('docs/internals'), 'sample-app/README.md'];
const EXPORTS = exportsOf(
  ROOT,
  [
    'src/index.ts',
    'src/dashboard/index.ts',
    'src/outbox/index.ts',
    'src/telemetry/otel/index.ts',
    'src/testing/index.ts',
  ],
  compilerOptionsOf(ROOT),
);

function pagesIn(directory: string): string[] {
  return readdirSync(join(ROOT, directory)).flatMap((name) => (name.endsWith('.md') ? [`${directory}/${name}`] : []));
}

function logOnce(examples: readonly Example[], directory: string): string[] {
  const program = new ExampleProgram(ROOT, join(ROOT, 'test/docs/app'), join(ROOT, 'build', directory));
  return program.logOnce(examples);
}

describe('every example', () => {
  it('of the pages and of what is exported compiles', () => {
    const examples = [
      ...PAGES.flatMap((page) => examplesOfPage(ROOT, page)),
      ...EXPORTS.flatMap((exported) => examplesOfExport(exported)),
    ];
    expect(examples.length).toBeGreaterThan(100);
    expect(logOnce(examples, 'examples')).toEqual([]);
  });

  it('that is wrong is reported with its page and line', () => {
    const fragment = { file: 'a.md', line: 10, code: "\nawait queue.of(ReportTasks).send.delay('seven');\n" };
    const whole = {
      file: 'b.md',
      line: 20,
      code: "import { Task } from 'nestwork';\nimport { Tsk } from 'nestwork';\nexport const task = Tsk;\n",
    };
    const broken = { file: 'c.md', line: 30, code: 'const queue = ;\n' };
    expect(logOnce([fragment, whole, broken], 'wrong-examples')).toEqual([
      'a.md:11 Expected 2 arguments, but got 1.',
      "b.md:20 'Task' is declared but its value is never read.",
      expect.stringMatching(/^b\.md:21 .*has no exported member named 'Tsk'/),
      'c.md:30 Expression expected.',
    ]);
  });
});

describe('everything that is exported', () => {
  it('has a docstring', () => {
    const bare = EXPORTS.filter(({ docstrings }) => !docstrings.some(({ isOwn }) => isOwn));
    expect(bare.map(({ name }) => name)).toEqual([]);
  });

  it('has an example', () => {
    const bare = EXPORTS.filter((exported) => examplesOfExport(exported).length === 0);
    expect(bare.map(({ name }) => name)).toEqual([]);
  });
});
