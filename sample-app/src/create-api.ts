import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';

/** The HTTP API, ready to listen. */
export async function createApi(): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    bodyParser: false,
    forceCloseConnections: true,
    abortOnError: false,
  });
  // As text, whatever it claims to be: DirectoryRequestPipe parses it, and says what is wrong with it.
  app.useBodyParser('text', { type: () => true, limit: '16kb' });
  app.enableShutdownHooks();
  return app;
}
