import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';

/** More than any error takes, in bytes. */
const MAX_BYTES = 64 * 1024;

/** The uncaught error that ended a child, as far as logs may show it. */
export interface UncaughtError {
  /** name and message */
  readonly error: string;
  readonly stack?: string;
  /** what Redis may have of it where the data of tasks is sealed: the name of the error */
  readonly withheld?: string;
  /** the task that threw it, which may have ended long before; undefined when that is not known */
  readonly task?: { readonly id: string; readonly name: string };
}

/** The child's side: behind the entries of its scoreboard, because a message over a channel may be lost with its process. */
export class UncaughtErrorWriter {
  private readonly at: number;

  /** @param fd of the scoreboard; no other data may be written behind its entries */
  constructor(private readonly fd: number) {
    this.at = fstatSync(fd).size;
  }

  write(words: UncaughtError): void {
    this.withdraw();
    const bytes = Buffer.from(JSON.stringify(words));
    writeSync(this.fd, bytes, 0, bytes.length, this.at);
  }

  /** The process lives on. */
  withdraw(): void {
    ftruncateSync(this.fd, this.at);
  }
}

/**
 * The supervisor's side: reads the error behind the entries. Undefined when there is none, or when it cannot be read: a
 * dying process may write half of it.
 *
 * @param at where the entries end
 */
export function readUncaughtError(fd: number, at: number): UncaughtError | undefined {
  const bytes = Buffer.alloc(MAX_BYTES);
  const size = readSync(fd, bytes, 0, MAX_BYTES, at);
  try {
    const words: unknown = size > 0 && JSON.parse(bytes.toString('utf8', 0, size));
    return isUncaughtError(words) ? words : undefined;
  } catch {
    return undefined;
  }
}

function isUncaughtError(value: unknown): value is UncaughtError {
  const { error, stack = '', withheld = '', task = { id: '', name: '' } } = Object(value);
  return [error, stack, withheld, task?.id, task?.name].every((field) => typeof field === 'string');
}
