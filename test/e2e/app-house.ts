import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { RedisServer } from '../../src/testing/redis-server.js';
import { libraryArgs, libraryUrl } from '../support/least-rights.js';
import type { Ended } from './harness/run-scenarios.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const HERE = join(ROOT, 'test/e2e');
const PATIENCE_MS = 130_000;
/** The files that are copied to the place where the apps are compiled. */
const SOURCES = ['apps', 'harness'];
const exec = promisify(execFile);

/** The names of the apps: one for each situation. */
export function appNames(): string[] {
  return readdirSync(join(HERE, 'apps')).map((file) => file.replace(/\.c?ts$/, ''));
}

/**
 * A directory in which the apps are compiled and run against one version of Nest and the library as it is built.
 *
 * The library is copied, because Node resolves the imports of a linked package from its real place, and that would be
 * the Nest of the repository.
 */
export class AppHouse {
  private readonly directory: string;
  private runner: ChildProcess | undefined;
  /** rejects when the runner dies */
  private death: Promise<never> | undefined;
  private output = '';

  private constructor(
    private readonly nest: '11' | '12',
    private readonly server: RedisServer,
    private readonly redis: Redis,
  ) {
    this.directory = join(ROOT, `build/nest${nest}`);
  }

  /** Installs, compiles, and starts a Redis for the apps. */
  static async open(nest: '11' | '12'): Promise<AppHouse> {
    const server = await RedisServer.start({ args: libraryArgs() });
    const house = new AppHouse(nest, server, new Redis(server.url));
    try {
      await house.furnish();
      await house.compile();
      return house;
    } catch (error) {
      await house.close();
      throw error;
    }
  }

  /** Runs the scenario of an app; rejects with its output when it fails. */
  async run(app: string): Promise<void> {
    await this.redis.flushall();
    this.runner ??= await this.startRunner();
    const { runner } = this;
    this.output = '';
    const impatience = setTimeout(() => runner.kill('SIGKILL'), PATIENCE_MS);
    runner.send(this.compiled(app));
    const [{ error }] = (await Promise.race([once(runner, 'message'), this.death]).finally(() =>
      clearTimeout(impatience),
    )) as [Ended];
    if (error !== undefined) throw new Error(`${error}\n\nIt printed:\n${this.output}`);
  }

  async close(): Promise<void> {
    this.runner?.kill('SIGKILL');
    this.redis.disconnect();
    await this.server.stop();
  }

  /** The packages, and the library among them. */
  private async furnish(): Promise<void> {
    mkdirSync(this.directory, { recursive: true });
    if (this.nest === '11') await this.install();
    else writeFileSync(join(this.directory, 'package.json'), '{ "private": true, "type": "module" }\n');
    const library = join(this.directory, 'node_modules/nestwork');
    rmSync(library, { recursive: true, force: true });
    cpSync(join(ROOT, 'package.json'), join(library, 'package.json'));
    cpSync(join(ROOT, 'dist'), join(library, 'dist'), { recursive: true });
  }

  /** Nest 12 is that of the repository; Nest 11 has a lock file of its own. An earlier installation is left alone. */
  private async install(): Promise<void> {
    const files = ['package.json', 'package-lock.json'];
    const wanted = files.map((file) => readFileSync(join(HERE, 'nest11', file), 'utf8'));
    const stamp = join(this.directory, 'node_modules/.installed');
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted.join('')) return;
    for (const [index, file] of files.entries()) writeFileSync(join(this.directory, file), wanted[index] ?? '');
    const quietly = ['--no-audit', '--no-fund', '--loglevel=error'];
    // not `npm ci`, which would remove the old packages before it has reached the registry
    await exec('npm', ['install', '--no-save', '--prefer-offline', ...quietly], { cwd: this.directory });
    writeFileSync(stamp, wanted.join(''));
  }

  private async compile(): Promise<void> {
    for (const name of SOURCES) {
      const target = join(this.directory, 'src', name);
      rmSync(target, { recursive: true, force: true });
      cpSync(join(HERE, name), target, { recursive: true });
    }
    const tsconfig = {
      extends: '../../tsconfig.json',
      compilerOptions: { types: ['node'], noEmit: false, rootDir: 'src', outDir: 'dist' },
      include: ['src'],
      exclude: [],
    };
    writeFileSync(join(this.directory, 'tsconfig.json'), JSON.stringify(tsconfig));
    rmSync(join(this.directory, 'dist'), { recursive: true, force: true });
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    await exec(process.execPath, [compiler], { cwd: this.directory }).catch(({ stdout }) => {
      throw new Error(`The apps do not compile against Nest ${this.nest}:\n${stdout}`);
    });
  }

  private async startRunner(): Promise<ChildProcess> {
    const { NODE_OPTIONS: _, ...environment } = process.env;
    const runner = fork(join(this.directory, 'dist/harness/run-scenarios.js'), {
      cwd: this.directory,
      env: { ...environment, NO_COLOR: '1', REDIS_URL: libraryUrl(this.server.url) },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [runner.stdout, runner.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.death = this.deathOf(runner);
    const [version] = (await Promise.race([once(runner, 'message'), this.death])) as [string];
    if (version.startsWith(`${this.nest}.`)) return runner;
    throw new Error(`The apps run on Nest ${version} instead of ${this.nest}.`);
  }

  /** Rejects when the process dies, and lets the next app have another one. */
  private async deathOf(runner: ChildProcess): Promise<never> {
    const [code, signal] = await once(runner, 'close');
    if (this.runner === runner) this.runner = undefined;
    throw new Error(`The process of the app ended with ${signal ?? `code ${code}`}:\n${this.output}`);
  }

  private compiled(app: string): string {
    const file = join(this.directory, 'dist/apps', app);
    return [`${file}.js`, `${file}.cjs`].find((path) => existsSync(path)) ?? `${file}.js`;
  }
}
