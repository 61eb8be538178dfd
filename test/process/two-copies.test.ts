import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = new URL('../../', import.meta.url).pathname;
const run = promisify(execFile);

/** An app that imports the module of the one copy, with tasks that are written with the other. */
const APP = `
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import * as ours from './one/dist/index.js';
import * as theirs from './other/dist/index.js';
import { drainTasks, TaskQueueTestingModule, TestQueue } from './one/dist/testing/index.js';

const notes = [];
const decorate = (type, method, decorator) =>
  decorator(type.prototype, method, Object.getOwnPropertyDescriptor(type.prototype, method));

class Tasks {
  again() { notes.push('again'); if (notes.filter((note) => note === 'again').length < 2) throw new theirs.RetryTask({ in: '1m' }); }
  drop() { throw new theirs.DropTask('of no use'); }
  named() { throw new theirs.TaskCancelledError('x'); }
}
for (const method of ['again', 'drop']) decorate(Tasks, method, theirs.Task());
decorate(Tasks, 'named', theirs.Task({ retries: 1, dropOn: [ours.NestworkError] }));
Injectable()(Tasks);

class Hooks { onTaskStart({ name }) { notes.push(name); } }
Injectable()(Hooks);
theirs.TaskHooks()(Hooks);

class AppModule {}
Module({
  imports: [ours.TaskQueueModule.forRoot({ queues: ['default'] }), TaskQueueTestingModule.forRoot({ mode: 'memory' })],
  providers: [Tasks, Hooks],
})(AppModule);

const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
await app.init();
const sender = app.get(ours.QueueClient).of(Tasks);
for (const method of ['again', 'drop', 'named']) await sender[method].delay();
const runs = await app.get(TestQueue).drain();
const later = await app.get(TestQueue).advance('1h');
await app.close();

const error = new theirs.EnqueueUnconfirmedError(['x']);
const unresolved = await drainTasks({ get: (token) => {
  if (typeof token === 'symbol') return { queues: [] };
  throw new (class UnknownElementException extends Error {})('Nest could not find TaskRegistry element');
} }).catch((thrown) => thrown);
class Subclass extends ours.NestworkError {}
console.log('RESULT ' + JSON.stringify({
  outcomes: [...runs, ...later].map(({ name, outcome }) => name + ' ' + outcome),
  notes,
  instances: {
    base: error instanceof ours.NestworkError,
    same: error instanceof ours.EnqueueUnconfirmedError,
    sibling: error instanceof ours.InvalidPayloadError,
    subclass: error instanceof Subclass,
    back: new ours.SoftTimeoutError('x', 1) instanceof theirs.SoftTimeoutError,
    retry: new theirs.RetryTask() instanceof ours.DropTask,
  },
  unresolved: { code: unresolved.code, message: unresolved.message },
}));
`;

/** A worker that is started by the one copy with an app of the other; never more than five processes. */
const WORKER = `
import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { TaskQueueModule } from './one/dist/index.js';
const { WorkerFactory } = await import('./other/dist/index.js');

const depth = Number(process.env.DEPTH ?? 0) + 1;
process.env.DEPTH = String(depth);
appendFileSync(process.argv[2], 'process ' + depth + '\\n');
if (depth === 5) process.exit(1);

class AppModule {}
Module({ imports: [TaskQueueModule.forRoot({ redis: 'redis://127.0.0.1:1', queues: ['default'] })] })(AppModule);
await WorkerFactory.run(AppModule, { children: 1 });
`;

let house: string;
beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'nestwork-copies-'));
  symlinkSync(join(ROOT, 'node_modules'), join(house, 'node_modules'));
  for (const [copy, version] of [
    ['one', '0.1.0'],
    ['other', '0.0.9'],
  ] as const) {
    mkdirSync(join(house, copy));
    cpSync(join(ROOT, 'dist'), join(house, copy, 'dist'), { recursive: true });
    writeFileSync(join(house, copy, 'package.json'), JSON.stringify({ name: 'nestwork', type: 'module', version }));
  }
  writeFileSync(join(house, 'app.mjs'), APP);
  writeFileSync(join(house, 'worker.mjs'), WORKER);
});
afterAll(() => rmSync(house, { recursive: true, force: true }));

it('an app with two copies of the package runs the tasks of both, and the log warns of them', async () => {
  const { stdout, stderr } = await run(process.execPath, [join(house, 'app.mjs')], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [, json = '{}'] = /^RESULT (.*)$/m.exec(stdout) ?? [];
  const { outcomes, notes, instances, unresolved } = JSON.parse(json);
  expect(outcomes).toEqual(['Tasks.again retried', 'Tasks.drop dropped', 'Tasks.named dropped', 'Tasks.again done']);
  expect(notes).toEqual(['Tasks.again', 'again', 'Tasks.drop', 'Tasks.named', 'Tasks.again', 'again']);
  expect(instances).toEqual({ base: true, same: true, sibling: false, subclass: false, back: true, retry: false });
  const both = `0.1.0 in ${join(house, 'one')}, 0.0.9 in ${join(house, 'other')}`;
  expect(unresolved).toMatchObject({
    code: 'TWO_COPIES',
    message: expect.stringContaining(`2 copies of nestwork: ${both}.`),
  });
  const warnings = `${stdout}${stderr}`.split('\n').filter((line) => line.includes(`2 copies of nestwork: ${both}.`));
  // in the log once, and in the result
  expect(warnings).toHaveLength(2);
});

it('a child of a worker with two copies detects that it is a child, and forks no further', async () => {
  const processes = join(house, 'processes');
  const ended = await run(process.execPath, [join(house, 'worker.mjs'), processes], {
    env: { ...process.env, NODE_OPTIONS: '' },
  }).catch((error: unknown) => error);
  expect(ended).toMatchObject({ code: 1 });
  expect(readFileSync(processes, 'utf8')).toBe('process 1\nprocess 2\n');
});
