import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

/** An event of a stream. */
export interface ReadEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads server-sent events as a browser does, but one after another. */
export class EventReader {
  readonly ended: Promise<void>;
  private readonly events: ReadEvent[] = [];
  private comments = 0;
  private text = '';
  private wake: () => void = () => {};
  private isOver = false;

  private constructor(private readonly response: IncomingMessage) {
    this.ended = new Promise((resolve) => {
      response.once('close', () => {
        this.isOver = true;
        this.wake();
        resolve();
      });
    });
    response.setEncoding('utf8').on('data', (piece: string) => this.take(piece));
    response.on('error', () => {});
  }

  static open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      request(url, { headers, agent: false }, (response) => resolve(new EventReader(response)))
        .on('error', reject)
        .end();
    });
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers;
  }

  /** Events that came and were not asked for. */
  get waiting(): number {
    return this.events.length;
  }

  /** The next event; those of another name before it are passed over. */
  async next(name: string): Promise<ReadEvent> {
    for (;;) {
      const found = this.events.shift();
      if (found?.event === name) return found;
      if (!found) await this.more(`an event "${name}"`);
    }
  }

  /** The next one of that name which is as wanted. */
  async until(name: string, isWanted: (event: ReadEvent) => boolean): Promise<ReadEvent> {
    for (;;) {
      const found = await this.next(name);
      if (isWanted(found)) return found;
    }
  }

  async comment(): Promise<void> {
    while (this.comments === 0) await this.more('a comment');
  }

  pause(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  close(): void {
    this.response.destroy();
  }

  private async more(wanted: string): Promise<void> {
    if (this.isOver) throw new Error(`The stream ended before ${wanted}.`);
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  private take(piece: string): void {
    const blocks = (this.text + piece).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) this.comments += 1;
      const fields = Object.fromEntries(
        block.split('\n').map((line) => [line.split(':')[0], line.replace(/^\w*: ?/, '')]),
      );
      const { id = '', event, data } = fields;
      if (event !== undefined) this.events.push({ id, event, data: JSON.parse(data ?? 'null') });
    }
    this.wake();
  }
}
