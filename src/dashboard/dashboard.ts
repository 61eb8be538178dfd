import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { Inspector } from '../inspector/inspector.js';
import { invalid } from '../values/option-values.js';
import { type AssetName, Assets } from './http/assets.js';
import { Dispatcher } from './http/dispatcher.js';
import { Incoming } from './http/incoming.js';
import { Responder } from './http/responder.js';
import { Namespaces } from './namespaces.js';
import { type DashboardSettings, open, type ResolvedPlace } from './options.js';

export interface DashboardParts {
  readonly place: ResolvedPlace;
  readonly settings: DashboardSettings;
  /** of the app, if it has one */
  readonly inspector: Inspector | undefined;
  readonly config: ApplicationConfig;
  readonly host: HttpAdapterHost;
}

/** The dashboard of an app. */
export class Dashboard implements OnModuleInit, OnModuleDestroy {
  readonly dispatcher: Dispatcher;
  private readonly namespaces: Namespaces;
  // the same place from `dist` and, in tests, from `src`
  private readonly assets = new Assets(new URL('../../dist/dashboard/assets/', import.meta.url));

  constructor(private readonly parts: DashboardParts) {
    const { settings, inspector, place } = parts;
    const { namespaces, ...rest } = settings;
    this.namespaces = new Namespaces(inspector && { name: inspector.namespace, inspector }, namespaces);
    this.dispatcher = new Dispatcher(rest, this.namespaces, place.access === 'public');
  }

  /** @throws NestworkError DASHBOARD_OPEN, INVALID_OPTION */
  onModuleInit(): void {
    const { place, config, host } = this.parts;
    // a worker has no routes
    if (!host.httpAdapter) return;
    if (this.namespaces.names.length === 0) {
      throw invalid('namespaces', 'of the dashboard is missing, and the app has no TaskQueueModule', [
        'Import TaskQueueModule.',
        "Or name what it shows: `namespaces: { shop: { redis: process.env.REDIS_URL, namespace: 'shop' } }`.",
      ]);
    }
    if (place.access !== 'app') return;
    if (config.getGlobalGuards().length + config.getGlobalRequestGuards().length > 0) return;
    throw open("The dashboard has `access: 'app'`, and the app has no global guard.");
  }

  async onModuleDestroy(): Promise<void> {
    await this.dispatcher.close();
    await this.namespaces.close();
  }

  page(request: object, response: object): void {
    this.assets.page(new Incoming(request), new Responder(response));
  }

  asset(name: AssetName, request: object, response: object): void {
    this.assets.asset(name, new Incoming(request), new Responder(response));
  }
}
