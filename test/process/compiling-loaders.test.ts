import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../../src/testing/redis-server.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const PATIENCE_MS = 60_000;

/** Does as tsx in a CommonJS app: compiles each ES module that is required, packages included, and leaves `import()` to Node. */
const LOADER = `
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { transformSync } = require('@swc/core');
const asItIs = Module._extensions['.js'];
Module._extensions['.js'] = (module, file) => {
  const source = readFileSync(file, 'utf8');
  if (!/^(import|export)\\b/m.test(source)) return asItIs(module, file);
  const { code } = transformSync(source, {
    filename: file,
    swcrc: false,
    module: { type: 'commonjs', ignoreDynamic: true },
    jsc: { target: 'es2022', parser: { syntax: 'ecmascript' } },
  });
  module._compile(code, file);
};
`;

/** An app that sends a task when it has booted, and prints the arguments of the task. */
const APP = `
require('reflect-metadata');
const { Injectable, Module } = require('@nestjs/common');
const { QueueClient, Task, TaskContext, TaskQueueModule } = require('nestwork');

class Tasks {
  constructor(context) { this.context = context; }
  greet(name) {
    console.log('RAN ' + JSON.stringify({ task: this.context.name, name, forked: process.send !== undefined }));
    if (process.send === undefined) process.kill(process.pid, 'SIGTERM');
  }
}
Task()(Tasks.prototype, 'greet', Object.getOwnPropertyDescriptor(Tasks.prototype, 'greet'));
Reflect.defineMetadata('design:paramtypes', [TaskContext], Tasks);
Injectable()(Tasks);

class Greeter {
  constructor(queue) { this.queue = queue; }
  async onApplicationBootstrap() { await this.queue.of(Tasks).greet.with({ key: 'once' }).delay('Ada'); }
}
Reflect.defineMetadata('design:paramtypes', [QueueClient], Greeter);
Injectable()(Greeter);

const inProcess = process.env.IN_PROCESS === 'yes';
class AppModule {}
Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess })],
  providers: [Tasks, Greeter],
})(AppModule);
exports.AppModule = AppModule;
`;

const FILES = {
  'package.json': '{ "private": true }',
  'loader.cjs': LOADER,
  'app.js': APP,
  'worker.js': `
    const { WorkerFactory } = require('nestwork');
    const { AppModule } = require('./app.js');
    void WorkerFactory.run(AppModule, { children: 1 });
  `,
  'main.js': `
    const { NestFactory } = require('@nestjs/core');
    const { AppModule } = require('./app.js');
    void NestFactory.createApplicationContext(AppModule).then((app) => app.enableShutdownHooks());
  `,
  'mixed.js': `
    const { AppModule } = require('./app.js');
    void import('nestwork').then(({ WorkerFactory }) => WorkerFactory.run(AppModule, { children: 1 }));
  `,
};

let house: string;
let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
beforeEach(() => {
  house = realpathSync(mkdtempSync(join(tmpdir(), 'nestwork-compiled-')));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(house, name), text);
  const library = join(house, 'node_modules/nestwork');
  mkdirSync(library, { recursive: true });
  for (const name of ['package.json', 'dist']) cpSync(join(ROOT, name), join(library, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(library, 'node_modules'));
  for (const name of ['@nestjs', '@swc', 'reflect-metadata']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(house, 'node_modules', name));
  }
});
afterEach(() => rmSync(house, { recursive: true, force: true }));
afterAll(() => server.stop());

interface Ending {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a file until it ends; one that has run the task is stopped. */
async function run(file: string, environment: Record<string, string> = {}): Promise<Ending> {
  const process_ = spawn(process.execPath, ['--require', join(house, 'loader.cjs'), file], {
    cwd: house,
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', REDIS_URL: server.url, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const impatience = setTimeout(() => process_.kill('SIGKILL'), PATIENCE_MS);
  const output = stopAfterRun(process_);
  const [code] = (await once(process_, 'close')) as [number | null];
  clearTimeout(impatience);
  return { code, output: output() };
}

function stopAfterRun(process_: ChildProcess): () => string {
  let output = '';
  let stopped = false;
  for (const stream of [process_.stdout, process_.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (stopped || !/^RAN .*"forked":true/m.test(output)) return;
      stopped = process_.kill('SIGTERM');
    });
  }
  return () => output;
}

describe('under a loader that compiles ES modules to CommonJS, as tsx does', () => {
  it('a worker forks children that run tasks of the app', async () => {
    const { code, output } = await run('worker.js');
    expect(output).toContain('RAN {"task":"Tasks.greet","name":"Ada","forked":true}');
    expect(output).not.toContain('copies of nestwork');
    expect(code).toBe(0);
  });

  it('a worker within the app runs its tasks', async () => {
    const { output } = await run('main.js', { IN_PROCESS: 'yes' });
    expect(output).toContain('RAN {"task":"Tasks.greet","name":"Ada","forked":false}');
    expect(output).not.toContain('copies of nestwork');
  });

  it('an app that both requires and imports the package logs a warning about the loader, with remedies', async () => {
    const { code, output } = await run('mixed.js');
    const library = join(house, 'node_modules/nestwork');
    expect(output).toMatch(/2 copies of nestwork: 0\.1\.0 in \S+ as CommonJS, 0\.1\.0 in \S+\. .*\[TWO_COPIES\]/);
    expect(output).toContain(`in ${library} as CommonJS, `);
    expect(output).toContain('- A loader such as tsx compiles nestwork to CommonJS for files that require it');
    expect(output).toContain('- Either set `"type": "module"` in package.json, or compile with `nest build` or tsc');
    expect(output).not.toContain('npm dedupe');
    expect(code).toBe(1);
  });
});
