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
  // As text, for any content type: DirectoryRequestPipe parses it, and names its faults.
  app.useBodyParser('text', { type: () => true, limit: '16kb' });
  app.enableShutdownHooks();
  return app;
}
