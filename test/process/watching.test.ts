import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisServer } from '../../src/testing/redis-server.js';
import { isAlive } from '../support/worker-fixture.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const PATIENCE_MS = 90_000;

let directory: string;
let redis: RedisServer;
let cli: ChildProcess;
let output = '';
const note = (text: Buffer): void => {
  output += text;
};
beforeAll(async () => {
  redis = await RedisServer.start();
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  mkdirSync(join(directory, 'src'));
  mkdirSync(join(directory, 'node_modules'));
  for (const name of ['@nestjs', '@types', 'reflect-metadata', 'rxjs', 'typescript']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(directory, 'node_modules', name));
  }
  symlinkSync(ROOT, join(directory, 'node_modules/nestwork'));
  write('package.json', JSON.stringify({ type: 'module' }));
  write('nest-cli.json', JSON.stringify({ sourceRoot: 'src', entryFile: 'worker' }));
  const module = { target: 'es2022', module: 'nodenext', experimentalDecorators: true, emitDecoratorMetadata: true };
  const compilerOptions = { ...module, skipLibCheck: true, types: ['node'], rootDir: 'src', outDir: 'dist' };
  write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['src'] }));
});
afterAll(async () => {
  if (cli.exitCode === null && cli.signalCode === null) {
    cli.kill('SIGTERM');
    await once(cli, 'exit');
  }
  await redis.stop();
  rmSync(directory, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  writeFileSync(join(directory, file), text);
}

/** A worker whose children record their events, in some version. */
function writeWorker(version: number): void {
  write(
    'src/worker.ts',
    `import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { Interval, TaskQueueModule, WorkerFactory } from 'nestwork';

const record = (what: string): void => appendFileSync('events', \`\${what} ${version} \${process.pid} \${process.ppid}\\n\`);

@Injectable()
class Ticking {
  onModuleDestroy(): void {
    record('destroyed');
  }

  @Interval(200)
  async tick(): Promise<void> {
    record('started');
    await delay(100);
    record('finished');
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [Ticking] })
class AppModule {}

await WorkerFactory.run(AppModule, { children: 2, shutdownGrace: '10s' });
`,
  );
}

interface RecordedEvent {
  readonly what: string;
  readonly version: number;
  readonly pid: number;
  readonly supervisor: number;
}

function eventsOf(version: number, what?: string): RecordedEvent[] {
  const path = join(directory, 'events');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  return lines
    .map((line) => line.split(' '))
    .map(([kind = '', ...numbers]) => [kind, ...numbers.map(Number)] as [string, number, number, number])
    .map(([kind, of, pid, supervisor]) => ({ what: kind, version: of, pid, supervisor }))
    .filter((event) => event.version === version && (!what || event.what === what));
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.\n${output}`);
    await delay(20);
  }
}

it('`nest start --watch` reloads a worker: running tasks end, all processes with them, and the next worker starts', async () => {
  writeWorker(1);
  const nest = join(ROOT, 'node_modules/@nestjs/cli/bin/nest.js');
  cli = spawn(process.execPath, [nest, 'start', '--watch', '--no-shell'], {
    cwd: directory,
    env: { ...process.env, NODE_OPTIONS: '', REDIS_URL: redis.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [cli.stdout, cli.stderr]) stream?.on('data', note);
  await until('the first version runs tasks', () => eventsOf(1, 'finished').length > 0);

  writeWorker(2);
  await until('the second version runs tasks', () => eventsOf(2, 'finished').length > 0);
  const [{ supervisor: former }] = eventsOf(1) as [RecordedEvent];
  const gone = [former, ...eventsOf(1).map(({ pid }) => pid)];
  expect(gone.filter(isAlive)).toEqual([]);
  expect(eventsOf(1, 'finished')).toHaveLength(eventsOf(1, 'started').length);
  // a child that has not booted yet has nothing to close
  expect(eventsOf(1, 'destroyed').length).toBeGreaterThan(0);
  expect(output).not.toContain('Trying again');

  const present = [...new Set(eventsOf(2).flatMap(({ pid, supervisor }) => [pid, supervisor]))];
  cli.kill('SIGTERM');
  await once(cli, 'exit');
  await until('all have ended', () => present.every((pid) => !isAlive(pid)));
  expect(eventsOf(2, 'finished')).toHaveLength(eventsOf(2, 'started').length);
}, 300_000);
