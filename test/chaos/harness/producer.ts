import { setTimeout as delay } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  CronManager,
  DeadLetters,
  type Duration,
  EnqueueUnconfirmedError,
  type FlowBuilder,
  NestworkError,
  QueueClient,
  type SendOptions,
  type TaskHandle,
  TaskQueueModule,
} from 'nestwork';
import { QUEUES } from './settings.js';

const RETRY_MS = 20;
const TROUBLE = ['REDIS_UNAVAILABLE', 'REDIS_TIMEOUT'];

class ProducerModule {}

/** An app that only enqueues, as users write one: it repeats refused calls, under the same ids when the outcome is unknown. */
export class Producer {
  /** tasks whose `delay()` resolved: id -> label */
  readonly accepted = new Map<string, string>();
  /** calls whose outcome was unknown, and calls that certainly were not sent */
  readonly trouble = { unconfirmed: 0, unavailable: 0 };

  private constructor(private readonly app: INestApplicationContext) {}

  static async start(redis: string, commandTimeout?: Duration): Promise<Producer> {
    const imports = [TaskQueueModule.forRoot({ redis, queues: QUEUES, commandTimeout })];
    const options = { logger: false, abortOnError: false } as const;
    return new Producer(await NestFactory.createApplicationContext({ module: ProducerModule, imports }, options));
  }

  /** One `delay()`, repeated until it resolves. The first argument is the label. */
  async send(task: string, args: [string, ...unknown[]], options: SendOptions = {}): Promise<string> {
    const [id] = await this.persist((ids) => {
      const sender = this.sender(task, options);
      return (ids ? sender.with({ id: ids[0] }) : sender).delay(...args).then((handle) => [handle]);
    });
    this.accepted.set(id as string, args[0]);
    return id as string;
  }

  /** One `delayMany()`, repeated until it resolves. */
  async sendMany(task: string, calls: [string, ...unknown[]][], options: SendOptions = {}): Promise<string[]> {
    const ids = await this.persist((known) => {
      const sender = this.sender(task, options);
      return (known ? sender.with({ ids: known }) : sender).delayMany(calls);
    });
    ids.forEach((id, call) => {
      this.accepted.set(id, calls[call]?.[0] ?? '');
    });
    return ids;
  }

  /** One `delay()`, with any outcome. */
  async sendOnce(task: string, args: [string, ...unknown[]], options: SendOptions = {}): Promise<string> {
    const { id } = await this.sender(task, options).delay(...args);
    this.accepted.set(id, args[0]);
    return id;
  }

  /** One flow, sent again until it is there. Resolves to its id. */
  async flow(build: (queue: QueueClient) => FlowBuilder): Promise<string> {
    const flow = build(this.app.get(QueueClient));
    for (;;) {
      try {
        return (await flow.delay()).id;
      } catch (error) {
        if (error instanceof EnqueueUnconfirmedError) this.trouble.unconfirmed += 1;
        else if (error instanceof NestworkError && TROUBLE.includes(error.code)) this.trouble.unavailable += 1;
        else throw error;
        await delay(RETRY_MS);
      }
    }
  }

  /** Of flows that have ended a short while ago. */
  async statesOf(flows: readonly string[]): Promise<string[]> {
    const states: string[] = [];
    for (const id of flows) states.push((await this.app.get(QueueClient).flowById(id).status()).state);
    return states;
  }

  /** Something that may be done twice, until it is done. */
  async manage<T>(act: (crons: CronManager, queue: QueueClient) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act(this.app.get(CronManager), this.app.get(QueueClient));
      } catch (error) {
        if (!(error instanceof NestworkError) || !TROUBLE.includes(error.code)) throw error;
        this.trouble.unavailable += 1;
        await delay(RETRY_MS);
      }
    }
  }

  async redriveCrashed(): Promise<void> {
    await this.app.get(DeadLetters).redriveAll({ code: 'CRASHED' });
  }

  async stop(): Promise<void> {
    await this.app.close();
  }

  private sender(task: string, options: SendOptions) {
    return this.app
      .get(QueueClient)
      .task(`ChaosTasks.${task}`)
      .with({ queue: 'default', ...options });
  }

  private async persist(attempt: (ids?: readonly string[]) => Promise<TaskHandle[]>): Promise<string[]> {
    let ids: readonly string[] | undefined;
    for (;;) {
      try {
        return (await attempt(ids)).map(({ id }) => id);
      } catch (error) {
        if (error instanceof EnqueueUnconfirmedError) {
          this.trouble.unconfirmed += 1;
          ids = error.taskIds;
        } else if (error instanceof NestworkError && error.code === 'REDIS_UNAVAILABLE') {
          this.trouble.unavailable += 1;
        } else throw error;
        await delay(RETRY_MS);
      }
    }
  }
}
