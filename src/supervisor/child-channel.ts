import type { Duplex } from 'node:stream';
import type { SupervisorMessage } from '../ipc/ipc-protocol.js';

const NEWLINE = 10;
/**
 * The maximum size of a message in bytes, before and after the boot: the catalog of an app is larger than any later
 * message.
 */
const MAX_BOOT_BYTES = 8 * 2 ** 20;
const MAX_BYTES = 2 ** 20;
/**
 * What a child may send within a time, in bytes. A message that the supervisor does not expect counts more, because there
 * may be endless ones.
 */
const MAX_SENT = 64 * 2 ** 20;
const COST_OF_UNEXPECTED = 4_096;
const WHILE_MS = 10_000;
/** How long a process may take to end after it closed its channel, in ms. */
const CLOSING_MS = 5_000;
/** How long the last messages of a process may take after its end, in ms. */
const LAST_MESSAGES_MS = 1_000;

export interface ChannelEvents {
  /**
   * One message, of any shape that JSON has.
   *
   * @returns whether the supervisor expected it
   */
  message(value: unknown): boolean;
  /** The bytes are no message. Nothing more is read, so the process cannot be used any more. Emitted once. */
  broken(why: string): void;
}

/**
 * The supervisor's end of the channel to a child: lines of JSON, as `process.send()` writes them in a process with
 * NODE_CHANNEL_FD. Node's own end throws an error that cannot be caught when it receives other bytes or an unexpected
 * internal message, buffers half a message without limit, and reads a flood without a pause. User code in a child can send
 * anything, and the supervisor must survive it.
 */
export class ChildChannel {
  private parts: Buffer[] = [];
  private bytes = 0;
  private sent = 0;
  private countedSinceMs = 0;
  private limit = MAX_BOOT_BYTES;
  private over = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly stream: Duplex,
    private readonly events: ChannelEvents,
  ) {
    keepReading(stream);
    stream.on('data', this.take);
    // a channel that fails also ends
    stream.on('error', () => {});
    stream.once('close', () => {
      if (this.over) return;
      this.timer = setTimeout(() => this.break('it closed its channel to the supervisor'), CLOSING_MS);
    });
  }

  /** The child has booted: its later messages are short. */
  booted(): void {
    this.limit = MAX_BYTES;
  }

  send(message: SupervisorMessage): void {
    this.write(message);
  }

  /** The process is gone: resolves when what it sent before has been read. */
  async drained(): Promise<void> {
    if (!this.stream.closed && !this.over) {
      await new Promise<void>((resolve) => {
        // a process that the child started may have the other end open
        this.timer = setTimeout(resolve, LAST_MESSAGES_MS);
        this.stream.once('close', resolve);
      });
    }
    this.over = true;
    clearTimeout(this.timer);
    this.stream.destroy();
  }

  private readonly take = (chunk: Buffer): void => {
    this.count(chunk.length);
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.keep(chunk.subarray(from, end));
      this.decode();
      if (this.over) return;
      from = end + 1;
    }
    this.keep(chunk.subarray(from));
  };

  private keep(part: Buffer): void {
    if (this.over || part.length === 0) return;
    this.bytes += part.length;
    if (this.bytes > this.limit) return this.break(`it sent a message of more than ${this.limit} bytes`);
    this.parts.push(part);
  }

  private decode(): void {
    if (this.over) return;
    const text = Buffer.concat(this.parts).toString('utf8');
    this.parts = [];
    this.bytes = 0;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.break('it wrote bytes into its channel to the supervisor that are no message');
    }
    // the process sends nothing more until it gets the answer that the handle has arrived
    if (isHandle(value)) this.write({ cmd: 'NODE_HANDLE_ACK' });
    if (!this.events.message(value)) this.count(COST_OF_UNEXPECTED);
  }

  private count(bytes: number): void {
    const nowMs = performance.now();
    if (nowMs - this.countedSinceMs > WHILE_MS) {
      this.countedSinceMs = nowMs;
      this.sent = 0;
    }
    this.sent += bytes;
    if (this.sent > MAX_SENT) this.break('it flooded its channel to the supervisor');
  }

  private write(value: unknown): void {
    // the child may be dying at this moment; its exit is reported elsewhere
    if (this.stream.writable) this.stream.write(`${JSON.stringify(value)}\n`);
  }

  private break(why: string): void {
    if (this.over) return;
    this.over = true;
    this.parts = [];
    this.stream.destroy();
    this.events.broken(why);
  }
}

/**
 * A write that a dying process does not read any more is dropped and does not end the stream: the last messages of the
 * process may still be unread in it.
 */
function keepReading(stream: Duplex): void {
  const { _write, _writev } = stream;
  stream._write = (chunk, encoding, done) => _write.call(stream, chunk, encoding, () => done());
  if (_writev) stream._writev = (chunks, done) => _writev.call(stream, chunks, () => done());
}

/** Whether a socket or server went along. The descriptor itself is not taken, so the system closes it. */
function isHandle(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'cmd' in value && value.cmd === 'NODE_HANDLE';
}
