import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { Inspector } from '../inspector/inspector.js';
import { Dashboard } from './dashboard.js';
import { controllerAt } from './http/controller.js';
import {
  checkSettings,
  type DashboardPlace,
  type DashboardSettings,
  type QueueDashboardOptions,
  resolvePlace,
} from './options.js';
import { ROUTES } from './routes.js';

const SETTINGS = Symbol('nestwork:dashboard-settings');
const PLACE = Symbol('nestwork:dashboard-place');

/**
 * Options of `QueueDashboardModule.forRootAsync`: those of the routes, and a factory for the rest.
 *
 * @example
 * const options: QueueDashboardAsyncOptions = {
 *   access: 'app',
 *   useFactory: () => ({ redact: ['**.password'] }),
 * };
 * QueueDashboardModule.forRootAsync(options);
 */
export interface QueueDashboardAsyncOptions extends DashboardPlace {
  /** Makes the settings. */
  useFactory: (...injected: never[]) => DashboardSettings | Promise<DashboardSettings>;
  /**
   * Tokens of the providers that the factory gets.
   * @default none
   */
  inject?: FactoryProvider['inject'];
}

/**
 * Serves the dashboard: pages and actions for the queues, tasks, workers and crons of a namespace. Works on Express and Fastify.
 * It is closed by default: it needs guards of its own, a global guard of the app, or the word that it is public.
 *
 * @example
 * @Module({
 *   imports: [
 *     TaskQueueModule.forRoot({ redis: process.env.REDIS_URL }),
 *     QueueDashboardModule.forRoot({ path: 'admin/queues', access: 'app' }),
 *   ],
 *   providers: [{ provide: APP_GUARD, useClass: AdminGuard }],
 * })
 * class AdminModule {}
 */
@Module({})
export class QueueDashboardModule {
  /**
   * The module with options that are known at once.
   *
   * @throws NestworkError INVALID_OPTION, DASHBOARD_OPEN
   * @example
   * QueueDashboardModule.forRoot({ path: 'admin/queues', guards: [AdminGuard], redact: ['**.iban'] });
   */
  static forRoot(options: QueueDashboardOptions = {}): DynamicModule {
    const place = resolvePlace(options, 'QueueDashboardModule.forRoot()');
    const { path: _, guards: _guards, access: _access, imports: _imports, ...settings } = options;
    const checked = checkSettings(settings, 'QueueDashboardModule.forRoot()');
    return moduleOf(place, { provide: SETTINGS, useFactory: () => checked });
  }

  /**
   * The module with settings that a factory makes. Path, guards and access belong to the routes: they stand beside the factory.
   *
   * @throws NestworkError INVALID_OPTION, DASHBOARD_OPEN
   * @example
   * QueueDashboardModule.forRootAsync({
   *   guards: [AdminGuard],
   *   imports: [SettingsModule],
   *   inject: [Settings],
   *   useFactory: (settings: Settings) => ({ namespaces: { shop: { redis: settings.redisUrl } } }),
   * });
   */
  static forRootAsync(options: QueueDashboardAsyncOptions): DynamicModule {
    const where = 'QueueDashboardModule.forRootAsync()';
    const place = resolvePlace(options, where, ['useFactory', 'inject']);
    const { useFactory, inject = [] } = options;
    const make = useFactory as (...injected: unknown[]) => DashboardSettings | Promise<DashboardSettings>;
    return moduleOf(place, {
      provide: SETTINGS,
      useFactory: async (...injected: unknown[]) => checkSettings(await make(...injected), where),
      inject,
    });
  }
}

function moduleOf(place: ReturnType<typeof resolvePlace>, settings: FactoryProvider): DynamicModule {
  return {
    module: QueueDashboardModule,
    imports: place.imports,
    controllers: [controllerAt(place, ROUTES)],
    providers: [
      settings,
      // an app may identify modules by the text of their metadata: two dashboards must differ in it
      { provide: PLACE, useValue: place.path },
      {
        provide: Dashboard,
        useFactory: (
          made: DashboardSettings,
          config: ApplicationConfig,
          host: HttpAdapterHost,
          inspector: Inspector | undefined,
        ) => new Dashboard({ place, settings: made, config, host, inspector }),
        inject: [SETTINGS, ApplicationConfig, HttpAdapterHost, { token: Inspector, optional: true }],
      },
    ],
  };
}
