/**
 * Packs the library and proves it in apps of others: an ESM and a CommonJS app on Nest 12, and one on Nest 11.
 *
 *   npm run check:package
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, ROOT, run, runTool } from './run.mjs';
import { setup } from './setup.mjs';

const PATIENCE_MS = 60_000;
const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

const APPS = [
  { title: 'Nest 12, ES modules', nest: '12', type: 'module' },
  { title: 'Nest 12, CommonJS', nest: '12', type: 'commonjs' },
  { title: 'Nest 11, CommonJS', nest: '11', type: 'commonjs' },
];

/** What every app is made of. It is compiled as well, so that the published types are proven, too. */
const SOURCES = {
  'app.ts': `
    import { Injectable, Module } from '@nestjs/common';
    import { Task, TaskContext, TaskQueueModule } from 'nestwork';

    @Injectable()
    export class Phrases {
      readonly greeting = 'Hello';
    }

    @Injectable()
    export class GreetingTasks {
      constructor(private readonly phrases: Phrases, private readonly context: TaskContext) {}

      @Task({ queue: 'greetings' })
      async greet(name: string, options: { at: Date }): Promise<void> {
        const text = \`\${this.phrases.greeting} \${name}, it is \${options.at.getUTCFullYear()}\`;
        const { name: task, attempt } = this.context;
        console.log('RAN ' + JSON.stringify({ text, task, attempt, forked: process.send !== undefined }));
      }
    }

    @Module({
      imports: [
        TaskQueueModule.forRoot({
          redis: process.env.REDIS_URL,
          namespace: process.env.NAMESPACE,
          queues: ['greetings', 'default'],
        }),
      ],
      providers: [Phrases, GreetingTasks],
    })
    export class AppModule {}
  `,
  'send.ts': `
    import 'reflect-metadata';
    import { NestFactory } from '@nestjs/core';
    import { QueueClient } from 'nestwork';
    import { RedisServer } from 'nestwork/testing';
    import { AppModule, GreetingTasks } from './app.js';

    async function main(): Promise<void> {
      const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
      const { greet } = app.get(QueueClient).of(GreetingTasks);
      const handle = await greet.delay('Ada', { at: new Date(0) });
      console.log('SENT ' + handle.id + typeof RedisServer);
      await app.close();
      // @ts-expect-error the arguments are those of the method
      void (() => greet.delay('Ada', { at: 'noon' }));
    }
    void main();
  `,
  'worker.ts': `
    import 'reflect-metadata';
    import { WorkerFactory } from 'nestwork';
    import { AppModule } from './app.js';

    void WorkerFactory.run(AppModule, { children: 1 });
  `,
};

const EXPECTED = { text: 'Hello Ada, it is 1970', task: 'GreetingTasks.greet', attempt: 1, forked: true };

await runTool(async () => {
  await setup({ ownServer: true });
  const directory = await mkdtemp(join(tmpdir(), 'nestwork-package-'));
  try {
    await checkIn(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

async function checkIn(directory) {
  console.log('Packing ...');
  // its `prepack` builds
  const report = await run('npm', ['pack', '--pack-destination', directory, '--loglevel=error']);
  const tarball = join(directory, report.trim().split('\n').at(-1));
  const { RedisServer } = await import('../dist/testing/index.js');
  const redis = await RedisServer.start();
  try {
    for (const [index, app] of APPS.entries()) {
      const env = { REDIS_URL: redis.url, NAMESPACE: `app-${index}` };
      await check({ ...app, tarball, env, directory: join(directory, `app-${index}`) });
      console.log(`ok: ${app.title}`);
    }
  } finally {
    await redis.stop();
  }
}

async function check({ title, nest, type, tarball, env, directory }) {
  await create(directory, type);
  const peers = [`@nestjs/common@^${nest}`, `@nestjs/core@^${nest}`, 'reflect-metadata@^0.2', 'rxjs@^7.8'];
  await run('npm', [...INSTALL, tarball, ...peers], { cwd: directory });
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')], { cwd: directory });
  await run(process.execPath, ['dist/send.js'], { cwd: directory, env });
  const ran = await work(directory, env);
  if (JSON.stringify(ran) === JSON.stringify(EXPECTED)) return;
  throw new Failure(`${title}: the task saw ${JSON.stringify(ran)} instead of ${JSON.stringify(EXPECTED)}`);
}

async function create(directory, type) {
  await mkdir(join(directory, 'src'), { recursive: true });
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
  const files = { 'package.json': JSON.stringify({ private: true, type }), 'tsconfig.json': JSON.stringify(tsconfig) };
  for (const [name, text] of Object.entries(SOURCES)) files[`src/${name}`] = text;
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
}

/** Runs a worker until the task has run, stops it with SIGTERM, and resolves to what the task saw. */
async function work(directory, env) {
  const worker = spawn(process.execPath, ['dist/worker.js'], {
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
