import type { INestApplication, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  type DashboardAction,
  type DashboardAuditEntry,
  QueueDashboardModule,
  type QueueDashboardOptions,
} from '../../src/dashboard/index.js';
import { libraryUrl } from './least-rights.js';

/** What the dashboard answered. */
export interface DashboardAnswer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface DashboardAppOptions extends QueueDashboardOptions {
  platform?: 'express' | 'fastify';
}

/** An app with a dashboard of the namespace `nestwork`, on a real HTTP server. The person is called anna. */
export class DashboardApp {
  /** what `audit` got, in order */
  readonly audited: DashboardAuditEntry[] = [];
  /** The actions that anna may not do; tests change it. */
  readonly denied = new Set<DashboardAction>();
  private app: INestApplication | undefined;
  private url = '';

  /** @param redis the URL of the server */
  static async start(redis: string, options: DashboardAppOptions = {}): Promise<DashboardApp> {
    const dashboard = new DashboardApp();
    await dashboard.listen(redis, options);
    return dashboard;
  }

  private async listen(redis: string, { platform = 'express', ...options }: DashboardAppOptions): Promise<void> {
    const module = QueueDashboardModule.forRoot({
      access: 'public',
      can: (action) => !this.denied.has(action),
      user: () => 'anna',
      audit: (entry) => void this.audited.push(entry),
      namespaces: { nestwork: { redis: libraryUrl(redis) } },
      ...options,
    });
    @Module({ imports: [module] })
    class AppModule {}
    this.app = await made(AppModule, platform);
    await this.app.listen(0, '127.0.0.1');
    this.url = `${await this.app.getUrl()}/queues/api`;
  }

  /** Reads from an address below `api/`. */
  async get<T = unknown>(path: string, query: Readonly<Record<string, string>> = {}): Promise<DashboardAnswer<T>> {
    return answerOf(await fetch(`${this.url}/${path}?${new URLSearchParams(query)}`));
  }

  /** Acts at an address below `api/`, as the page does. */
  async post<T = unknown>(path: string, body: unknown = {}, init: RequestInit = {}): Promise<DashboardAnswer<T>> {
    return answerOf(await this.request(path, body, init));
  }

  /** The response of an action, to be read piece by piece. */
  async request(path: string, body: unknown = {}, init: RequestInit = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...init.headers };
    return fetch(`${this.url}/${path}`, { method: 'POST', body: JSON.stringify(body), ...init, headers });
  }

  async close(): Promise<void> {
    await this.app?.close();
  }
}

function made(module: Type<unknown>, platform: 'express' | 'fastify'): Promise<INestApplication> {
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  return NestFactory.create(module, adapter, { logger: ['error', 'fatal'], abortOnError: false });
}

/** The lines of a bulk action become a list. */
async function answerOf<T>(response: Response): Promise<DashboardAnswer<T>> {
  const { status, headers } = response;
  const text = await response.text();
  const isLines = headers.get('content-type')?.startsWith('application/x-ndjson');
  const lines = text.split('\n').filter(Boolean);
  return { status, headers, body: (isLines ? lines.map((line) => JSON.parse(line)) : JSON.parse(text)) as T };
}
