import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, run } from '../run.mjs';
import { INSTALL, write } from './app.mjs';

/** Makes a project with the command line of a version of Nest, and installs its packages and more; resolves to its directory. */
export async function newProject(directory, nest, packages) {
  const shop = join(directory, 'shop');
  await write(directory, { 'package.json': '{ "private": true }' });
  await run('npm', [...INSTALL, `@nestjs/cli@^${nest}`], { cwd: directory });
  await run('npx', ['nest', 'new', 'shop', '--skip-install', '--skip-git', '-p', 'npm'], { cwd: directory });
  // the scaffold's own TypeScript may be newer than its other packages accept
  await run('npm', [...INSTALL, ...packages], { cwd: shop });
  return shop;
}

/** The module of a new project with that of nestwork, and with tasks, as the README says. */
export function withTasks(text, from) {
  return text
    .replace(
      'import { Module }',
      `import { TaskQueueModule } from 'nestwork';\nimport { GreetingTasks, Phrases } from '${from}';\n$&`,
    )
    .replace(
      'imports: []',
      "imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, queues: ['greetings', 'default'] })]",
    )
    .replace('providers: [', 'providers: [GreetingTasks, Phrases, ');
}

/** Edits a file; fails if that changes nothing. */
export async function change(file, edit) {
  const text = await readFile(file, 'utf8');
  const edited = edit(text);
  if (edited === text) throw new Failure(`${file} is not as expected:\n${text}`);
  await write('/', { [file]: edited });
}
