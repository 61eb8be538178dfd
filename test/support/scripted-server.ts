import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** The answer to a command, in the protocol's own words; undefined for no answer, now and to all later commands. */
export type Script = Record<string, () => string | undefined>;

/** A server that speaks just enough of the protocol to be one that the test machine has not. */
export class ScriptedServer {
  /** names of the commands that it got */
  readonly received: string[] = [];
  private readonly sockets = new Map<Socket, { held: string[] | undefined }>();
  private readonly server = createServer((socket) => this.accept(socket));

  private constructor(private readonly script: Script) {}

  /** @param script answers to commands by name; to others it is `+OK`, and it has no HELLO */
  static async start(script: Script): Promise<ScriptedServer> {
    const scripted = new ScriptedServer({
      hello: () => "-ERR unknown command 'HELLO'\r\n",
      info: () => info(),
      ...script,
    });
    scripted.server.listen(0, '127.0.0.1');
    await once(scripted.server, 'listening');
    return scripted;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Sends the answer that it kept back, and then answers all later commands. */
  release(answer: string): void {
    for (const [socket, state] of this.sockets) {
      if (state.held && socket.writable) socket.write([answer, ...state.held].join(''));
      state.held = undefined;
    }
  }

  /** Ends its connections. */
  drop(): void {
    for (const socket of this.sockets.keys()) socket.destroy();
    this.sockets.clear();
  }

  async stop(): Promise<void> {
    this.drop();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(socket: Socket): void {
    const state: { held: string[] | undefined } = { held: undefined };
    this.sockets.set(socket, state);
    socket.on('error', () => {}); // a client may be gone
    let buffered = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      buffered += text;
      for (;;) {
        const [command, rest] = parseCommand(buffered);
        if (command === undefined) return;
        buffered = rest;
        this.received.push(command);
        const script = this.script[command];
        const answer = script ? script() : '+OK\r\n';
        if (answer === undefined) state.held ??= [];
        else if (state.held) state.held.push(answer);
        else socket.write(answer);
      }
    });
  }
}

/** The answer to INFO; `loadingFor` is how many seconds it says that it will still load its data. */
export function info(version = '7.0.15', loadingFor = 0): string {
  const loading = loadingFor > 0 ? `loading:1\r\nloading_eta_seconds:${loadingFor}` : 'loading:0';
  const text = `# Server\r\nredis_version:${version}\r\n${loading}\r\n`;
  return `$${text.length}\r\n${text}\r\n`;
}

/** Name of the first complete command (an array of bulk strings), and the bytes behind it. */
function parseCommand(received: string): [command: string | undefined, rest: string] {
  const parts = received.split('\r\n');
  const length = 1 + 2 * Number(parts[0]?.slice(1));
  if (!received.startsWith('*') || parts.length <= length) return [undefined, received];
  return [parts[2]?.toLowerCase(), parts.slice(length).join('\r\n')];
}
