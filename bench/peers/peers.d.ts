/** The types that the bench uses of its peers, so that the repository can be type-checked without them. */
declare module 'bullmq' {
  import type { Redis } from 'ioredis';

  interface JobOptions {
    removeOnComplete?: boolean;
    removeOnFail?: boolean;
    delay?: number;
  }

  export class Queue<Data> {
    constructor(name: string, options: { connection: Redis; defaultJobOptions?: JobOptions });
    add(name: string, data: Data, options?: JobOptions): Promise<unknown>;
    addBulk(jobs: readonly { name: string; data: Data; opts?: JobOptions }[]): Promise<unknown>;
    waitUntilReady(): Promise<unknown>;
  }

  export class Worker<Data> {
    constructor(
      name: string,
      processor: (job: { name: string; data: Data }) => Promise<unknown>,
      options: { connection: Redis; concurrency?: number },
    );
    on(event: 'error', listener: (error: Error) => void): this;
  }
}

declare module 'bee-queue' {
  interface Job<Data> {
    readonly data: Data;
    save(): Promise<unknown>;
    delayUntil(at: number): this;
  }

  interface Settings {
    redis?: { url: string };
    isWorker?: boolean;
    getEvents?: boolean;
    sendEvents?: boolean;
    storeJobs?: boolean;
    removeOnSuccess?: boolean;
    removeOnFailure?: boolean;
    activateDelayedJobs?: boolean;
  }

  export default class Queue<Data> {
    constructor(name: string, settings: Settings);
    ready(): Promise<this>;
    createJob(data: Data): Job<Data>;
    saveAll(jobs: readonly Job<Data>[]): Promise<Map<Job<Data>, Error>>;
    process(concurrency: number, handler: (job: Job<Data>) => Promise<unknown>): void;
    on(event: 'error', listener: (error: Error) => void): this;
  }
}
