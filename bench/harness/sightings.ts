import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { required } from './program.js';

/** Something that a task or a child saw happen. */
export interface Sighting {
  readonly what: string;
  readonly pid: number;
  /** by `monotonicMs` */
  readonly atMs: number;
  /** which task, or which number */
  readonly value: number;
}

/** Receives the events of all processes of a worker, as they happen. */
export class Sightings {
  readonly all: Sighting[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** to be handed to the worker as SIGHTINGS */
    readonly path: string,
  ) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {}); // of a process that was killed
      createInterface({ input: socket }).on('line', (line) => this.receive(JSON.parse(line) as Sighting));
    });
  }

  static async listen(path: string): Promise<Sightings> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return new Sightings(server, path);
  }

  /** Resolves to the first sighting that fits, seen already or to come. */
  async first(what: string, fits: (sighting: Sighting) => boolean = () => true): Promise<Sighting> {
    for (;;) {
      const found = this.all.find((sighting) => sighting.what === what && fits(sighting));
      if (found) return found;
      await this.next();
    }
  }

  /** Resolves when so many have been seen. */
  async count(what: string, count: number): Promise<void> {
    while (this.all.filter((sighting) => sighting.what === what).length < count) await this.next();
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private next(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private receive(sighting: Sighting): void {
    this.all.push(sighting);
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}

/** Inside a process of a worker: reports to the bench. */
export class Reporter {
  private readonly socket = createConnection(required('SIGHTINGS')).unref();

  report(what: string, value: number, atMs: number): void {
    this.socket.write(`${JSON.stringify({ what, pid: process.pid, atMs, value } satisfies Sighting)}\n`);
  }
}
