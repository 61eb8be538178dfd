import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url).pathname;
const PATIENCE_MS = 120_000;

/** The output of a process, and how it ended. */
export interface Ending {
  readonly code: number | null;
  readonly output: string;
}

/**
 * A small app as a newcomer writes it: its files import `nestwork` as it is built, and run as processes of their own.
 */
export class ScratchApp {
  private readonly directory: string;

  /** @param name of its directory; an app of that name that is left from before is removed */
  constructor(
    name: string,
    private readonly environment: Record<string, string>,
  ) {
    // within the package, so that Node finds `nestwork` and its peers without an installation
    this.directory = join(ROOT, 'build/scratch', name);
    this.remove();
    mkdirSync(this.directory, { recursive: true });
  }

  /** @param metadata whether the compiler writes the types of constructors, which esbuild does not */
  write(file: string, source: string, { metadata = true } = {}): this {
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        experimentalDecorators: true,
        emitDecoratorMetadata: metadata,
      },
    });
    writeFileSync(join(this.directory, file.replace(/\.ts$/, '.js')), outputText);
    return this;
  }

  /** Runs a file until it ends by itself. */
  run(file: string, environment: Record<string, string> = {}): Promise<Ending> {
    return this.start([join(this.directory, file.replace(/\.ts$/, '.js'))], environment);
  }

  /** Runs a file until it has printed the text, and then stops it with SIGTERM. */
  runUntil(text: string, file: string, environment: Record<string, string> = {}): Promise<Ending> {
    return this.start([join(this.directory, file.replace(/\.ts$/, '.js'))], environment, text);
  }

  /** Runs a file until the signal aborts, and then stops it with SIGTERM. */
  runWhile(signal: AbortSignal, file: string, environment: Record<string, string> = {}): Promise<Ending> {
    return this.start([join(this.directory, file.replace(/\.ts$/, '.js'))], environment, undefined, signal);
  }

  /** Runs Jest on a test file, until it ends or has printed the text. */
  jest(file: string, text?: string): Promise<Ending> {
    const args = [
      '--rootDir',
      this.directory,
      '--testMatch',
      `**/${file.replace(/\.ts$/, '.js')}`,
      '--transform',
      '{}',
    ];
    return this.start([join(ROOT, 'node_modules/jest/bin/jest.js'), '--config', '{}', ...args], VM_MODULES, text);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async start(
    args: string[],
    environment: Record<string, string>,
    text?: string,
    signal?: AbortSignal,
  ): Promise<Ending> {
    const child = spawn(process.execPath, args, {
      cwd: this.directory,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...this.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'close');
    signal?.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    let output = '';
    let stopped = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        if (stopped || text === undefined || !output.includes(text)) return;
        // once: output while it stops is no reason for a second signal, which would cut it short or kill it
        stopped = true;
        child.kill('SIGTERM');
      });
    }
    await ended;
    clearTimeout(impatience);
    return { code: child.exitCode, output };
  }
}

/** Jest runs ES modules with this alone. */
const VM_MODULES = { NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };
