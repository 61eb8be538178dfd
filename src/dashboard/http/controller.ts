import {
  type CanActivate,
  Controller,
  Get,
  Inject,
  Post,
  Req,
  Res,
  type Type,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { Dashboard } from '../dashboard.js';
import { ASSETS, type AssetName } from './assets.js';
import type { Route } from './route.js';

type Handler = (this: { dashboard: Dashboard }, request: object, response: object) => void | Promise<void>;

/**
 * A controller class for each call, because path and guards belong to the class. Each address of the dashboard is a route of Nest:
 * so guards, interceptors and filters of the app apply to all of them, on every platform.
 */
export function controllerAt(
  { path, guards }: { readonly path: string; readonly guards: readonly (Type<CanActivate> | CanActivate)[] },
  routes: readonly Route[],
): Type<unknown> {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards)
  class QueueDashboardController {
    constructor(@Inject(Dashboard) readonly dashboard: Dashboard) {}
  }
  const { prototype } = QueueDashboardController;
  const add = (name: string, method: MethodDecorator, handler: Handler): void => {
    Object.defineProperty(prototype, name, { value: handler, writable: true, configurable: true });
    Req()(prototype, name, 0);
    Res()(prototype, name, 1);
    method(prototype, name, Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor);
  };
  add('page', Get(), function page(request, response) {
    this.dashboard.page(request, response);
  });
  for (const name of Object.keys(ASSETS) as AssetName[]) {
    add(`assets/${name}`, Get(`assets/${name}`), function asset(request, response) {
      this.dashboard.asset(name, request, response);
    });
  }
  add('session', Get('api/session'), function session(request, response) {
    return this.dashboard.dispatcher.session(request, response);
  });
  add('live', Get('api/live'), function live(request, response) {
    return this.dashboard.dispatcher.stream(request, response);
  });
  for (const route of routes) {
    const method = route.kind === 'read' ? Get : Post;
    // a question has the address of its action
    add(`${route.kind} api/${route.path}`, method(`api/${route.path}`), function handle(request, response) {
      return this.dashboard.dispatcher.handle(route, request, response);
    });
  }
  return QueueDashboardController;
}
