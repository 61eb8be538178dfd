import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';

// from the sources and from what is built of them
const SOURCE = new URL('../../../test/chaos/fixtures/settable-clock.c', import.meta.url).pathname;

/**
 * Sets the clock of a Redis server while it runs, by a small library that is preloaded into it; that takes Linux and a
 * C compiler. Elsewhere it moves all that the scripts compare with the clock, the deadlines and the pulse, the other
 * way, which is the same to them.
 */
export class ServerClock {
  private offsetMs = 0;

  constructor(
    private readonly directory: string,
    private readonly redis: Redis,
  ) {}

  /** Whether the clock itself jumps. */
  get real(): boolean {
    return existsSync(libraryIn(this.directory));
  }

  /** The environment with which the server must start. */
  static environment(directory: string): Record<string, string> {
    if (process.platform !== 'linux') return {};
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', libraryIn(directory), SOURCE], { stdio: 'ignore' });
    } catch {
      return {};
    }
    writeOffset(directory, 0);
    return { LD_PRELOAD: libraryIn(directory), CLOCK_OFFSET_FILE: offsetFile(directory) };
  }

  /** Redis time in ms. */
  async now(): Promise<number> {
    const [seconds, microseconds] = await this.redis.time();
    return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  }

  async jump(ms: number): Promise<void> {
    this.offsetMs += ms;
    if (this.real) writeOffset(this.directory, this.offsetMs);
    else await this.redis.eval(SHIFT, 2, '{nestwork}:sessions', '{nestwork}:pulse', -ms);
  }
}

const SHIFT = `
  for _, session in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    redis.call('ZINCRBY', KEYS[1], ARGV[1], session)
  end
  redis.call('SET', KEYS[2], string.format('%.0f', redis.call('GET', KEYS[2]) + ARGV[1]))
`;

/** In place and in one write: the server has the file mapped. */
function writeOffset(directory: string, ms: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(ms));
  const file = openSync(offsetFile(directory), existsSync(offsetFile(directory)) ? 'r+' : 'w+');
  writeSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
}

function offsetFile(directory: string): string {
  return join(directory, 'clock');
}

function libraryIn(directory: string): string {
  return join(directory, 'settable-clock.so');
}
