import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy on the loopback between a client and Redis, which loses replies on request. */
export class LossyProxy {
  /** how many replies were lost */
  lost = 0;
  private losing = false;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(private readonly redisPort: number) {
    this.server = createServer((client) => this.serve(client));
  }

  static async start(redisUrl: string): Promise<LossyProxy> {
    const proxy = new LossyProxy(Number(new URL(redisUrl).port));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Redis executes the next command, and the client loses its connection instead of hearing of it. */
  loseNextReply(): void {
    this.losing = true;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(client: Socket): void {
    const redis = connect(this.redisPort, '127.0.0.1');
    const end = (): void => {
      for (const socket of [client, redis]) {
        this.sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [client, redis]) {
      this.sockets.add(socket);
      socket.setNoDelay(true).on('error', end).on('close', end);
    }
    client.on('data', (data) => redis.write(data));
    redis.on('data', (data) => {
      if (!this.losing) {
        client.write(data);
        return;
      }
      this.losing = false;
      this.lost += 1;
      end();
    });
  }
}
