/**
 * Code that the compiler must accept, and code that it must refuse; `tsc --noEmit` is the test. Nothing here runs.
 *
 * An expected error that is none fails the build, as does one at another line.
 */
import { applyDecorators, Inject, Injectable, SetMetadata } from '@nestjs/common';
import {
  Cron,
  type Duration,
  Interval,
  type OnTaskFailure,
  QueueClient,
  type SendOptions,
  Task,
  type TaskHandle,
  TaskHooks,
  type TaskInfo,
  TaskQueueModule,
  type TaskQueueOptions,
  type TaskSender,
  WorkerFactory,
} from '../../src/index.js';

interface User {
  readonly id: number;
  readonly name: string;
}

@Injectable()
class ReportTasks {
  private readonly cache = new Map<string, number>();
  readonly title = 'reports';

  @Task({ queue: 'critical' })
  async send(_userId: number, _options: { weekly: boolean }): Promise<void> {}

  @Task()
  remind(_userId: number, _note?: string, _urgent = false): number {
    return this.cache.size;
  }

  @Task()
  archive(_year: number, ..._names: string[]): void {}

  @Task()
  tick(): void {}

  @Task()
  bound(this: ReportTasks, _userId: number): void {}

  @Task()
  welcome(_user: User): void {}

  @Task()
  convert<T extends 'pdf' | 'svg'>(_format: T): void {}

  @Task()
  either(_value: string | readonly string[] | null): void {}
}

abstract class ImportTasks {
  @Task()
  run(_file: string): void {}
}

class UserImport extends ImportTasks {}

export async function accepted(queue: QueueClient, users: readonly User[]): Promise<void> {
  const reports = queue.of(ReportTasks);
  const handle: TaskHandle = await reports.send.delay(7, { weekly: true });
  const handles: TaskHandle[] = await reports.send.delayMany([[handle.id.length, { weekly: true }]]);
  await reports.send.delayMany(users.map(({ id }) => [id, { weekly: true }]));
  await reports.send.delayMany(new Set<[number, { weekly: boolean }]>());
  await reports.send.with({ queue: 'bulk', id: handle.id }).delay(7, { weekly: false });
  await reports.send.with({ ids: handles.map(({ id }) => id) }).delayMany([]);
  await reports.send.with({}).with({}).delay(7, { weekly: false });

  await queue.of<ReportTasks>('ReportTasks').send.delay(7, { weekly: true });
  await reports.remind.delay(7);
  await reports.remind.delay(7, 'note');
  await reports.remind.delay(7, undefined, true);
  await reports.remind.delayMany([[7], [7, 'note'], [7, 'note', true]]);
  await reports.archive.delay(2030);
  await reports.archive.delay(2030, 'a', 'b');
  await reports.archive.delayMany([[2030], [2031, 'a', 'b', 'c']]);
  await reports.tick.delay();
  await reports.tick.delayMany([[], []]);
  await reports.bound.delay(7);
  await reports.convert.delay('pdf');
  await reports.either.delay(null);
  await reports.either.delay(['a', 'b']);
  for (const user of users) await reports.welcome.delay(user);

  const sender: TaskSender<[userId: number, options: { weekly: boolean }]> = reports.send;
  await sender.delay(7, { weekly: true });
  await queue.of(UserImport).run.delay('users.csv');
  await queue.of(ImportTasks).run.delay('users.csv');

  await queue.task<[number, string?]>('ReportTasks.remind').delay(7);
  await queue.task<[number, string?]>('ReportTasks.remind').delay(7, 'note');
  await queue.task('ReportTasks.remind').delay(7, { anything: true });
  await queue.task<[]>('ReportTasks.tick').delay();
  await queue.task(ReportTasks.prototype.send).delay(7, { weekly: true });
  await queue.task(ReportTasks.prototype.remind).delay(7);
  await queue.task(ReportTasks.prototype.archive).delay(2030, 'a');
  await queue.task(ReportTasks.prototype.bound).delay(7);
}

export async function refused(queue: QueueClient): Promise<void> {
  const reports = queue.of(ReportTasks);
  // @ts-expect-error a string is no user id
  await reports.send.delay('7', { weekly: true });
  // @ts-expect-error an option of another type
  await reports.send.delay(7, { weekly: 'yes' });
  // @ts-expect-error an option that does not exist
  await reports.send.delay(7, { weekly: true, daily: true });
  // @ts-expect-error a missing argument
  await reports.send.delay(7);
  // @ts-expect-error all arguments missing
  await reports.send.delay();
  // @ts-expect-error one argument too many
  await reports.send.delay(7, { weekly: true }, 'more');
  // @ts-expect-error null is no user id
  await reports.remind.delay(null);
  // @ts-expect-error one argument too many after optional ones
  await reports.remind.delay(7, 'note', true, 'more');
  // @ts-expect-error a rest argument of another type
  await reports.archive.delay(2030, 'a', 7);
  // @ts-expect-error an argument for a task that takes none
  await reports.tick.delay(7);
  // @ts-expect-error `this` is not to be sent
  await reports.bound.delay(new ReportTasks(), 7);
  // @ts-expect-error a property is missing
  await reports.welcome.delay({ id: 7 });
  // @ts-expect-error out of the bound of the type parameter
  await reports.convert.delay('png');
  // @ts-expect-error no member of the union
  await reports.either.delay(7);

  // @ts-expect-error no such method
  await reports.sned.delay(7, { weekly: true });
  // @ts-expect-error a property that is no method
  await reports.title.delay();
  // @ts-expect-error a private property
  await reports.cache.delay();
  // @ts-expect-error a sender is not the method itself
  await reports.send(7, { weekly: true });
  // @ts-expect-error senders are not to be replaced
  reports.send = queue.task('ReportTasks.send');
  // @ts-expect-error not a class
  queue.of(new ReportTasks());

  // @ts-expect-error a call without its brackets
  await reports.send.delayMany([7, { weekly: true }]);
  // @ts-expect-error a call with a missing argument
  await reports.send.delayMany([[7, { weekly: true }], [8]]);
  // @ts-expect-error a call with an argument of another type
  await reports.send.delayMany([['7', { weekly: true }]]);
  // @ts-expect-error a call with an argument too many
  await reports.send.delayMany([[7, { weekly: true }, 'more']]);
  // @ts-expect-error calls one by one
  await reports.send.delayMany([7, { weekly: true }], [8, { weekly: true }]);
  // @ts-expect-error no call at all
  await reports.send.delayMany();

  // @ts-expect-error an unknown option
  reports.send.with({ qeueu: 'bulk' });
  // @ts-expect-error an option of another type
  reports.send.with({ queue: 7 });
  // @ts-expect-error one id where many belong
  reports.send.with({ ids: 'k3v9x0q2m7ab00000007' });
  // @ts-expect-error with() keeps the arguments
  await reports.send.with({ queue: 'bulk' }).delay('7', { weekly: true });

  // @ts-expect-error not among the arguments that were declared
  await queue.task<[number]>('ReportTasks.remind').delay('7');
  // @ts-expect-error a missing argument
  await queue.task<[number]>('ReportTasks.remind').delay();
  // @ts-expect-error the arguments are those of the method
  await queue.task(ReportTasks.prototype.send).delay('7', { weekly: true });
  // @ts-expect-error a missing argument of the method
  await queue.task(ReportTasks.prototype.send).delay(7);
  // @ts-expect-error neither name nor method
  queue.task(7);
}

export const options: (TaskQueueOptions | SendOptions | Duration)[] = [
  { redis: { host: 'localhost' }, queues: ['a'] as const, commandTimeout: '1.5s' },
  // @ts-expect-error no unit
  { commandTimeout: '30' },
  // @ts-expect-error no such unit
  { commandTimeout: '30 bananas' },
  // @ts-expect-error an unknown option
  { redisUrl: 'redis://localhost' },
];

// the decorators and factories of the package
TaskQueueModule.forRoot({ redis: 'redis://localhost', queues: ['critical'], defaultQueue: 'critical' });
TaskQueueModule.forRootAsync({ inject: ['URL'], useFactory: async (redis: string) => ({ redis }) });
// @ts-expect-error a duration without a unit
TaskQueueModule.forRoot({ commandTimeout: '30' });
// @ts-expect-error an unknown option
TaskQueueModule.forRoot({ queue: ['default'] });
// @ts-expect-error a factory whose options are of another type
TaskQueueModule.forRootAsync({ useFactory: () => ({ queues: 'default' }) });

export const workers = [
  () => WorkerFactory.run(ReportTasks, { children: 2, concurrency: 10, lease: '30s', queues: ['a'] }),
  // @ts-expect-error a duration with an unknown unit
  () => WorkerFactory.run(ReportTasks, { lease: '30sec' }),
  // @ts-expect-error a number as text
  () => WorkerFactory.run(ReportTasks, { children: '2' }),
  // @ts-expect-error an unknown option
  () => WorkerFactory.run(ReportTasks, { processes: 2 }),
];

export class Wrong {
  // @ts-expect-error an unknown option
  @Task({ queueName: 'default' })
  send(): void {}

  // @ts-expect-error a property
  @Task()
  property = 7;

  // @ts-expect-error a static method
  @Task()
  static start(): void {}

  // @ts-expect-error a static method
  @Cron('0 8 * * *')
  static digest(): void {}
}

/** Composed decorators go on taking them. */
const Patient = () => applyDecorators(Task({ retries: 20 }), SetMetadata('patient', true));
const byType: MethodDecorator = Interval('1h');

export class Composed<T> {
  @Patient()
  send(_value: T): void {}

  @byType
  poll(): void {}

  @Task()
  private inner(): void {}

  callInner(): void {
    this.inner();
  }
}

@TaskHooks()
@Injectable()
export class Metrics implements OnTaskFailure {
  constructor(@Inject(QueueClient) private readonly queue: QueueClient) {}

  async onTaskFailure({ id, attempt, enqueuedAt, signal }: TaskInfo, error: unknown): Promise<void> {
    const data: [string, number, Date, boolean, unknown] = [id, attempt, enqueuedAt, signal.aborted, error];
    await this.queue.task('Ops.record').delay(data.length);
  }
}
