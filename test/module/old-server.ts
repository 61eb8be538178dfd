import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server that speaks just enough of the protocol to tell its version, which no Redis of the test machine has. */
export class OldServer {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => {
    this.sockets.add(socket);
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
      for (;;) {
        const [command, rest] = parseCommand(received);
        if (command === undefined) return;
        received = rest;
        socket.write(this.reply(command));
      }
    });
  });

  private constructor(private readonly version: string) {}

  static async start(version: string): Promise<OldServer> {
    const old = new OldServer(version);
    old.server.listen(0, '127.0.0.1');
    await once(old.server, 'listening');
    return old;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private reply(command: string): string {
    switch (command) {
      case 'info': {
        const info = `# Server\r\nredis_version:${this.version}\r\nloading:0\r\n`;
        return `$${info.length}\r\n${info}\r\n`;
      }
      case 'hello':
        return "-ERR unknown command 'HELLO'\r\n";
      default:
        return '+OK\r\n';
    }
  }
}

/** Name of the first complete command (an array of bulk strings), and what follows it. */
function parseCommand(received: string): [command: string | undefined, rest: string] {
  const parts = received.split('\r\n');
  const length = 1 + 2 * Number(parts[0]?.slice(1));
  if (!received.startsWith('*') || parts.length <= length) return [undefined, received];
  return [parts[2]?.toLowerCase(), parts.slice(length).join('\r\n')];
}
