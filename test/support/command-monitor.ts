import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';

/** The escapes of MONITOR that JSON does not have. */
const OTHER_ESCAPES = /\\(x[0-9a-f]{2}|a|\\)/g;

/** `+1732868400.1 [0 lua] "GET" "key"` */
const OF_A_SCRIPT = /^\+[\d.]+ \[\d+ lua\]/;

/**
 * The commands that a server executes, those of scripts included, from a MONITOR over a socket of its own.
 *
 * That of ioredis takes a command for a reply when it comes with the OK to MONITOR in one packet.
 */
export class CommandMonitor {
  private readonly commands: string[][] = [];
  private readonly started: Promise<unknown>;

  private constructor(
    private readonly socket: Socket,
    scripts: 'with scripts' | 'without scripts',
  ) {
    const lines = createInterface({ input: socket });
    this.started = once(lines, 'line');
    lines.on('line', (line) => {
      if (line === '+OK' || (scripts === 'without scripts' && OF_A_SCRIPT.test(line))) return;
      this.commands.push(wordsOf(line));
    });
    socket.write('MONITOR\r\n');
  }

  /** Resolves when the server reports all that it executes from now on, or all that clients send. */
  static async start(
    port: number,
    scripts: 'with scripts' | 'without scripts' = 'with scripts',
  ): Promise<CommandMonitor> {
    const monitor = new CommandMonitor(connect(port, '127.0.0.1'), scripts);
    await monitor.started;
    return monitor;
  }

  /** All commands with their arguments so far, up to one that this connection sends now. */
  async seen(redis: Redis): Promise<readonly (readonly string[])[]> {
    const mark = randomUUID();
    await redis.echo(mark);
    for (;;) {
      const end = this.commands.findIndex((words) => words.includes(mark));
      if (end >= 0) return this.commands.slice(0, end);
      await once(this.socket, 'data');
    }
  }

  stop(): void {
    this.socket.destroy();
  }
}

/** The command and its arguments of a line like `+1732868400.1 [0 lua] "SET" "key" "a\\nb"`. */
function wordsOf(line: string): string[] {
  const quoted = line.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  return quoted.map((word) => JSON.parse(word.replace(OTHER_ESCAPES, unescaped)) as string);
}

function unescaped(whole: string, name: string): string {
  if (name === '\\') return whole;
  return name === 'a' ? '\\u0007' : `\\u00${name.slice(1)}`;
}
