import { join } from 'node:path';
import { run } from '../run.mjs';
import { checkRun, write } from './app.mjs';
import { change, newProject, withTasks } from './project.mjs';
import { APP, SPEC } from './sources.mjs';

/** Makes a project with the command line of Nest 12, adds nestwork as the README says, and tests, builds and runs it. */
export async function checkEsmScaffold({ tarball, env, directory }) {
  const shop = await newProject(directory, '12', [tarball]);
  const files = { ...APP, 'app.spec.ts': SPEC.replace("'./app'", "'./app.js'") };
  await write(shop, Object.fromEntries(Object.entries(files).map(([name, text]) => [`src/${name}`, text])));
  await change(join(shop, 'src/app.module.ts'), (text) => withTasks(text, './app.js'));
  await run('npm', ['test'], { cwd: shop });
  console.log('ok: Nest 12 scaffold, npm test');
  // it boots the module of the scaffold, and asks its controller
  await run('npm', ['run', 'test:e2e'], { cwd: shop, env });
  console.log('ok: Nest 12 scaffold, npm run test:e2e');
  await run('npx', ['nest', 'build'], { cwd: shop });
  await checkRun(shop, env, 'dist/send.js', 'dist/worker.js');
}
