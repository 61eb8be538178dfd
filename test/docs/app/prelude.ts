/**
 * The names that every fragment sees, besides all that `nestwork`, `nestwork/dashboard` and `nestwork/testing` export: the usual names of Nest, and the
 * things that an app has at hand.
 */
import 'nestwork/testing/jest';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import type {
  Batch,
  BroadcastLog,
  CronManager,
  DeadLetters,
  FlowBuilder,
  Inbox,
  Inspector,
  MetricsReader,
  QueueClient,
  QueueHealth,
  Ref,
  TaskContext,
  TaskHandle,
} from 'nestwork';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import type { Part } from './part.tasks.js';
import type { AppPrisma } from './prisma.js';
import type { User } from './user.js';
import type { WelcomeDto } from './welcome.tasks.js';

export { AsyncLocalStorage } from 'node:async_hooks';
export { readFileSync } from 'node:fs';
export {
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  Logger,
  Module,
  type NestInterceptor,
  Param,
  ParseIntPipe,
  Post,
  ServiceUnavailableException,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
export { APP_GUARD, NestFactory } from '@nestjs/core';
export { HealthCheck, HealthCheckService } from '@nestjs/terminus';
export { Test } from '@nestjs/testing';
export { type Knex, knex } from 'knex';
export { createPool } from 'mysql2/promise';
export { ClsModule, ClsService } from 'nestjs-cls';
export { Pool } from 'pg';
export { tap } from 'rxjs';
export { DataSource, type EntityManager } from 'typeorm';
export { z } from 'zod';
export { AdminGuard, type Person } from './admin.guard.js';
export { AppModule } from './app.module.js';
export { Cache } from './cache.js';
export { BatchTasks, FlowTasks } from './group.tasks.js';
export { MailService } from './mail.service.js';
export { Metrics } from './metrics.js';
export { type Part, PartTasks } from './part.tasks.js';
export { ReportTasks } from './report.tasks.js';
export { Settings, SettingsModule } from './settings.js';
export { SignupModule } from './signup.module.js';
export { SignupService } from './signup.service.js';
export type { User } from './user.js';
export { WelcomeDto } from './welcome.tasks.js';

export declare const app: INestApplicationContext;
export declare const broadcastLog: BroadcastLog;
export declare const context: TaskContext;
export declare const crons: CronManager;
export declare const dataSource: DataSource;
export declare const deadLetters: DeadLetters;
export declare const dto: WelcomeDto;
export declare const batch: Batch;
export declare const calls: readonly [userId: number, options: { weekly: boolean }][];
export declare const flow: FlowBuilder;
export declare const handle: TaskHandle;
export declare const id: string;
export declare const ids: readonly number[];
export declare const inbox: Inbox;
export declare const inspector: Inspector;
export declare const logger: LoggerService;
export declare const queue: QueueClient;
export declare const metricsReader: MetricsReader;
export declare const orm: MikroORM;
export declare const pool: Pool;
export declare const parts: readonly Ref<Part>[];
export declare const prisma: AppPrisma;
export declare const queueHealth: QueueHealth;
export declare const response: Response;
export declare const text: Ref<string>;
export declare const user: User;
export declare const users: readonly User[];
