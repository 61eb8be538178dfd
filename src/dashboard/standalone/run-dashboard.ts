import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import 'reflect-metadata';
import { Controller, Get, type INestApplication, Inject, type LoggerService, Module, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { InspectorContext } from '../../inspector/inspector-context.js';
import type { Output } from '../../terminal/output.js';
import { printable } from '../../values/printable.js';
import { QueueDashboardModule } from '../dashboard.module.js';
import { Incoming } from '../http/incoming.js';
import { Responder } from '../http/responder.js';
import { ClosedDoor } from './closed-door.js';
import { Doorkeeper } from './doorkeeper.js';
import { portFor } from './free-port.js';
import { httpAdapterNear } from './http-platform.js';

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;
const ANY = ['0.0.0.0', '::'];

@Controller('open')
class OpenController {
  constructor(@Inject(Doorkeeper) private readonly keeper: Doorkeeper) {}

  @Get()
  open(@Req() request: object, @Res() response: object): void {
    this.keeper.open(new Incoming(request), new Responder(response));
  }
}

@Module({})
class StandaloneModule {}

/**
 * Serves the dashboard until Ctrl-C or SIGTERM.
 *
 * @throws NestworkError INVALID_USAGE, INVALID_OPTION, INVALID_NAME, NO_HTTP_PLATFORM
 */
export async function runDashboard(
  { out, by, namespaces, takeSignals }: InspectorContext,
  { host = '127.0.0.1', port: given }: { readonly host?: string; readonly port?: number },
): Promise<void> {
  const adapter = await httpAdapterNear(process.cwd());
  const keeper = new Doorkeeper(host);
  const dashboard = QueueDashboardModule.forRoot({ path: '/', guards: [keeper], user: () => by, namespaces });
  const module = {
    module: StandaloneModule,
    imports: [dashboard],
    controllers: [OpenController],
    providers: [{ provide: Doorkeeper, useValue: keeper }],
  };
  const app: INestApplication = await NestFactory.create(module, adapter, {
    logger: loggerTo(out),
    abortOnError: false,
    bodyParser: false,
    forceCloseConnections: true,
  });
  app.useGlobalFilters(new ClosedDoor());
  try {
    await app.listen(await portFor(host, given), host);
    keeper.port = (app.getHttpServer().address() as AddressInfo).port;
    const stopped = takeSignals();
    announce(out, host, keeper);
    if (!stopped.aborted) await once(stopped, 'abort');
  } finally {
    await app.close();
  }
}

function announce(out: Output, host: string, { port, token }: Doorkeeper): void {
  const name = ANY.includes(host) ? hostname() : host;
  const url = `http://${isIPv6(name) ? `[${name}]` : name}:${port}/open?token=${token}`;
  if (!LOOPBACK.test(host)) {
    out.say('warning: Other machines can reach it, and the connection is not encrypted: others may read its address.');
  }
  out.record({ url, host, port }, () => url);
  out.say('Open this address: it lets in everybody who has it. Ctrl-C ends the dashboard.');
}

/** Data alone goes to stdout. Nest reports there that it starts, which is no news. */
function loggerTo(out: Output): LoggerService {
  const write =
    (kind: string) =>
    (message: unknown): void =>
      out.say(`${kind}: ${printable(String(message), 1_000)}`);
  return { log: () => {}, warn: write('warning'), error: write('error') };
}
