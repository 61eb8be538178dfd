import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { LUA, SHORT } from '../../../dist/broker/redis/lua.generated.js';
import type { ScriptName } from '../../../dist/broker/redis/scripts.js';
import { completeValues } from './resp.js';

export const SCRIPT_NAMES: readonly ScriptName[] = [
  'enqueue',
  'claim',
  'ack',
  'bury',
  'release',
  'open-session',
  'register',
  'renew',
  'overdue',
  'reap',
  'settle',
  'close-session',
];

/** With both forms of a script that has a short one. */
const BY_SHA = new Map(
  SCRIPT_NAMES.flatMap((name) => {
    const forms = [LUA[name], SHORT[name]].filter((lua) => lua !== undefined);
    return forms.map((lua) => [sha1(lua), name] as const);
  }),
);

/**
 * A proxy on the loopback that loses replies: Redis has executed the command, the client never gets the reply.
 *
 * It reads both directions, knows by the SHA which script a reply belongs to, and resets the connection instead of
 * passing on a reply that the rule chooses.
 */
export class FaultProxy {
  /** How many replies were lost, by the name of the script, or the command in lower case. */
  readonly lost = new Map<string, number>();
  /** Decides over each reply that is no error. */
  rule: (name: string) => boolean = () => false;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(private readonly redisPort: number) {
    this.server = createServer((client) => this.serve(client));
  }

  static async start(redisPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(redisPort);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get total(): number {
    return [...this.lost.values()].reduce((sum, times) => sum + times, 0);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(client: Socket): void {
    const redis = connect(this.redisPort, '127.0.0.1');
    const pair = [client, redis];
    const expected: string[] = [];
    let requests = Buffer.alloc(0);
    let replies = Buffer.alloc(0);
    const end = (): void => {
      for (const socket of pair) {
        this.sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of pair) {
      this.sockets.add(socket);
      socket.setNoDelay(true).on('error', end).on('close', end);
    }

    client.on('data', (data: Buffer) => {
      const parsed = completeValues(Buffer.concat([requests, data]));
      requests = Buffer.from(parsed.rest);
      for (const request of parsed.values) expected.push(nameOf(request));
      redis.write(data);
    });
    redis.on('data', (data: Buffer) => {
      const parsed = completeValues(Buffer.concat([replies, data]));
      replies = Buffer.from(parsed.rest);
      for (const reply of parsed.values) {
        if (!this.passes(reply, expected)) {
          client.resetAndDestroy();
          redis.destroy();
          return;
        }
        client.write(reply);
      }
    });
  }

  private passes(reply: Buffer, expected: string[]): boolean {
    const kind = String.fromCharCode(reply[0] as number);
    if (kind === '>') return true; // a push belongs to no request
    const name = expected.shift() ?? '';
    if (kind === '-' || !this.rule(name)) return true;
    this.lost.set(name, (this.lost.get(name) ?? 0) + 1);
    return false;
  }
}

/** The name of the script that a request calls, or of its command. */
function nameOf(request: Buffer): string {
  const [command = '', argument = ''] = bulkStrings(request, 2);
  const name = command.toLowerCase();
  if (name === 'evalsha') return BY_SHA.get(argument) ?? name;
  if (name === 'eval') return BY_SHA.get(sha1(argument)) ?? name;
  return name;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** The first strings of a request, which is an array of them. */
function bulkStrings(request: Buffer, count: number): string[] {
  const strings: string[] = [];
  let at = request.indexOf('\r\n') + 2;
  while (strings.length < count && at < request.length) {
    const body = request.indexOf('\r\n', at) + 2;
    const end = body + Number(request.toString('latin1', at + 1, body - 2));
    strings.push(request.toString('utf8', body, end));
    at = end + 2;
  }
  return strings;
}
