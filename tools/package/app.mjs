import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, ROOT, run } from '../run.mjs';
import { APP, RAN, TESTING } from './sources.mjs';

const PATIENCE_MS = 60_000;
/** Arguments of npm that install, from the cache where it can. */
export const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

/** Installs the packed library beside a version of Nest, compiles an app, sends a task and runs it. */
export async function checkApp({ nest, type, tarball, env, directory }) {
  await createApp(directory, type);
  const peers = [`@nestjs/common@^${nest}`, `@nestjs/core@^${nest}`, 'reflect-metadata@^0.2', 'rxjs@^7.8'];
  await run('npm', [...INSTALL, tarball, ...peers, '@opentelemetry/api@^1.9'], { cwd: directory });
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')], { cwd: directory });
  await run(process.execPath, ['dist/testing.js'], { cwd: directory });
  await checkRun(directory, env, 'dist/send.js', 'dist/worker.js');
}

/** Sends a task and lets a worker run it, and compares its output. */
export async function checkRun(directory, env, send, worker) {
  await run(process.execPath, [send], { cwd: directory, env });
  const ran = await work(directory, env, worker);
  if (JSON.stringify(ran) !== JSON.stringify(RAN)) {
    throw new Failure(`the task saw ${JSON.stringify(ran)} instead of ${JSON.stringify(RAN)}`);
  }
}

/** Writes files by their paths. */
export async function write(directory, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = join(directory, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

async function createApp(directory, type) {
  const tsconfig = {
    compilerOptions: {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      skipLibCheck: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      typeRoots: [join(ROOT, 'node_modules/@types')],
      types: ['node'],
      rootDir: 'src',
      outDir: 'dist',
    },
    include: ['src'],
  };
  const sources = Object.entries({ ...APP, ...TESTING }).map(([name, text]) => [`src/${name}`, text]);
  const settings = {
    'package.json': JSON.stringify({ private: true, type }),
    'tsconfig.json': JSON.stringify(tsconfig),
  };
  await write(directory, { ...settings, ...Object.fromEntries(sources) });
}

/** Runs a worker until the task has run, stops it with SIGTERM, and resolves to the output of the task. */
async function work(directory, env, entry) {
  const worker = spawn(process.execPath, [entry], {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let stopping = false; // a second signal would mean: do not wait
  for (const stream of [worker.stdout, worker.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      if (stopping || !/^RAN .*\n/m.test(output)) return;
      stopping = worker.kill('SIGTERM');
    });
  }
  const timer = setTimeout(() => worker.kill('SIGKILL'), PATIENCE_MS);
  const [code, signal] = await once(worker, 'close');
  clearTimeout(timer);
  const ran = /^RAN (.*)\n/m.exec(output)?.[1];
  if (code === 0 && ran) return JSON.parse(ran);
  throw new Failure(`The worker ended with ${signal ?? `code ${code}`} in ${directory}:\n${output.trim()}`);
}
