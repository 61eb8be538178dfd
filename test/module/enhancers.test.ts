import {
  type ArgumentsHost,
  applyDecorators,
  type CallHandler,
  type CanActivate,
  Catch,
  createParamDecorator,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  type NestInterceptor,
  ParseIntPipe,
  type PipeTransform,
  type Provider,
  Scope,
  SetMetadata,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, ApplicationConfig, REQUEST, Reflector } from '@nestjs/core';
import type { TestingModule } from '@nestjs/testing';
import { catchError, EMPTY, from, map, type Observable, of, tap, throwError, timer } from 'rxjs';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Payload } from '../../src/decorators/payload.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import { TaskExecutionContext } from '../../src/discovery/task-execution-context.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import { DropTask, RetryTask } from '../../src/policy/task-errors.js';
import type { OnTaskSuccess, TaskInfo, WrapTask } from '../../src/task/task-hooks.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import type { TaskRun } from '../../src/testing/task-run.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Apps } from './apps.js';

let apps: Apps;
let calls: unknown[];
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  calls = [];
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

@Injectable()
class Journal {
  note(what: unknown): void {
    calls.push(what);
  }
}

/** Notes before and after. */
@Injectable()
class Around implements NestInterceptor {
  constructor(protected readonly journal: Journal) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.journal.note('before');
    return next.handle().pipe(tap({ complete: () => this.journal.note('after') }));
  }
}

@Injectable()
class Shout implements PipeTransform {
  transform(value: unknown): unknown {
    return typeof value === 'string' ? `${value}!` : value;
  }
}

@Injectable()
class Allow implements CanActivate {
  canActivate(): boolean {
    calls.push('allowed');
    return true;
  }
}

@Injectable()
class Refuse implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Catch()
class Swallow implements ExceptionFilter {
  catch(error: Error): unknown {
    calls.push(`filtered ${error.message}`);
    return { handled: true };
  }
}

/** As most apps have one for their requests. */
@Catch()
class AnswerRequest implements ExceptionFilter {
  catch(_error: Error, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<{ status(code: number): void }>().status(500);
  }
}

interface Setup {
  providers?: Provider[];
  options?: TaskQueueOptions;
  prepare?: (app: TestingModule) => void;
}

/** Sends one call and runs it. */
async function run(type: Type, method: string, args: unknown[], setup: Setup = {}): Promise<TaskRun[]> {
  const { providers = [], options, prepare } = setup;
  const app = await apps.boot({ imports: [apps.queue(options)], providers: [Journal, type, ...providers] });
  prepare?.(app);
  await app
    .get(QueueClient, { strict: false })
    .task(`${type.name}.${method}`)
    .delay(...args);
  return drainTasks(app);
}

describe('enhancers of a task', () => {
  it('run in the order of Nest, with the providers that they inject', async () => {
    @Injectable()
    @UseGuards(Allow)
    @UseInterceptors(Around)
    class MailTasks {
      @Task()
      @UsePipes(Shout)
      send(...words: string[]): void {
        calls.push(words);
      }
    }
    expect(await run(MailTasks, 'send', ['a', 'b'])).toMatchObject([{ error: undefined }]);
    expect(calls).toEqual(['allowed', 'before', ['a!', 'b!'], 'after']);
  });

  it('are inherited, and may come from composed decorators', async () => {
    const Audited = (): ClassDecorator & MethodDecorator => applyDecorators(UseInterceptors(Around), UseGuards(Allow));

    @Audited()
    abstract class BaseTasks {
      @Task()
      @UsePipes(Shout)
      send(word: string): void {
        calls.push(word);
      }
    }
    @Injectable()
    class MailTasks extends BaseTasks {}
    await run(MailTasks, 'send', ['a']);
    expect(calls).toEqual(['allowed', 'before', 'a!', 'after']);
  });

  it('run around a broadcast', async () => {
    @Injectable()
    @UseInterceptors(Around)
    class CacheTasks {
      @Broadcast()
      forget(key: string): void {
        calls.push(key);
      }
    }
    const app = await apps.boot({ imports: [apps.queue()], providers: [Journal, CacheTasks] });
    await app.get(QueueClient, { strict: false }).of(CacheTasks).forget.delay('k');
    await drainTasks(app);
    expect(calls).toEqual(['before', 'k', 'after']);
  });

  it('run within the hooks and within TaskContext', async () => {
    @TaskHooks()
    @Injectable()
    class Transaction implements WrapTask {
      async wrapTask(_task: TaskInfo, next: () => Promise<void>): Promise<void> {
        calls.push('begin');
        await next();
        calls.push('commit');
      }
    }
    @Injectable()
    class Named implements NestInterceptor {
      constructor(private readonly context: TaskContext) {}

      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(tap({ complete: () => calls.push(this.context.name) }));
      }
    }
    @Injectable()
    class MailTasks {
      @Task()
      @UseInterceptors(Named)
      send(): void {}
    }
    await run(MailTasks, 'send', [], { providers: [Transaction] });
    expect(calls).toEqual(['begin', 'MailTasks.send', 'commit']);
  });

  it('run around request-scoped handlers, with request-scoped enhancers', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class OfThisTask implements NestInterceptor {
      constructor(@Inject(REQUEST) private readonly task: TaskInfo) {}

      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        calls.push([this.task.name, this.task.args]);
        return next.handle();
      }
    }
    @Injectable()
    class MailTasks {
      readonly made = calls.push('made');

      @Task()
      @UseInterceptors(OfThisTask)
      send(word: string): void {
        calls.push(word);
      }
    }
    await run(MailTasks, 'send', ['a']);
    await run(MailTasks, 'send', ['b']);
    expect(calls).toEqual(['made', ['MailTasks.send', ['a']], 'a', 'made', ['MailTasks.send', ['b']], 'b']);
  });

  it.each<[string, (tasks: Type) => Provider]>([
    ['transient ones', (tasks) => tasks],
    ['those of a class behind a token', (tasks) => ({ provide: 'MAILS', useClass: tasks })],
  ])('are discovered: %s', async (_what, provide) => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient extends Around {}
    @Injectable()
    @UseInterceptors(Transient)
    class MailTasks {
      @Task()
      send(): void {
        calls.push('sent');
      }
    }
    const app = await apps.boot({ imports: [apps.queue()], providers: [Journal, provide(MailTasks)] });
    await app.get(QueueClient, { strict: false }).task('MailTasks.send').delay();
    await drainTasks(app);
    expect(calls).toEqual(['before', 'sent', 'after']);
  });

  it('that Nest cannot make are refused at the start, because a guard would not guard', async () => {
    @Injectable()
    class MailTasks {
      @Task()
      @UseGuards(Refuse)
      send(): void {}
    }
    const factory = { provide: MailTasks, useFactory: () => new MailTasks() };
    await expect(apps.boot({ imports: [apps.queue()], providers: [factory] })).rejects.toMatchObject({
      code: 'ENHANCER_UNRESOLVED',
      message: expect.stringMatching(/no Refuse for MailTasks\.send in RootTestModule/),
    });
  });

  it('given as instances work for the product of a factory', async () => {
    @Injectable()
    class MailTasks {
      @Task()
      @UsePipes(new Shout())
      send(word: string): void {
        calls.push(word);
      }
    }
    const factory = { provide: MailTasks, useFactory: () => new MailTasks() };
    const app = await apps.boot({ imports: [apps.queue()], providers: [factory] });
    await app.get(QueueClient, { strict: false }).of(MailTasks).send.delay('a');
    await drainTasks(app);
    expect(calls).toEqual(['a!']);
  });
});

describe('the context of an enhancer', () => {
  const Tenant = (name: string) => SetMetadata('tenant', name);

  it('has the task, its arguments, its class and its method', async () => {
    @Injectable()
    class Look implements CanActivate {
      constructor(private readonly reflector: Reflector) {}

      canActivate(context: ExecutionContext): boolean {
        const own = TaskExecutionContext.create(context);
        const { name, attempt, queue } = own.getTask();
        calls.push(own.getType(), context.getType(), { name, attempt, queue }, own.getArgs(), own.getArgByIndex(1));
        calls.push(own.getClass() === MailTasks, own.getHandler() === MailTasks.prototype.send);
        calls.push(this.reflector.getAllAndOverride('tenant', [context.getHandler(), context.getClass()]));
        return true;
      }
    }
    @Injectable()
    @Tenant('class')
    class MailTasks {
      @Task()
      @UseGuards(Look)
      @Tenant('method')
      send(_to: string, _subject: string): void {}
    }
    await run(MailTasks, 'send', ['you', 'hello']);
    const task = { name: 'MailTasks.send', attempt: 1, queue: 'default' };
    expect(calls).toEqual(['task', 'task', task, ['you', 'hello'], 'hello', true, true, 'method']);
  });

  it('is refused outside of a task', () => {
    const context = { getType: () => 'http' } as ArgumentsHost;
    expect(() => TaskExecutionContext.create(context)).toThrow(expect.objectContaining({ code: 'OUTSIDE_TASK' }));
  });

  it('reaches parameters by decorators of the app; the other parameters get their arguments', async () => {
    const Current = createParamDecorator((property: keyof TaskInfo, context: ExecutionContext) => {
      return TaskExecutionContext.create(context).getTask()[property];
    });
    @Injectable()
    class MailTasks {
      @Task()
      send(to: string, @Payload(Shout) subject: string, body: string, @Current('name') name?: string): void {
        calls.push([to, subject, body, name]);
      }
    }
    await run(MailTasks, 'send', ['you', 'hello', 'text']);
    expect(calls).toEqual([['you', 'hello!', 'text', 'MailTasks.send']]);
  });
});

describe('an interceptor', () => {
  /** Runs a task that fails, or not, within this. */
  async function within(intercept: NestInterceptor['intercept'], handler: () => unknown): Promise<TaskRun[]> {
    @Injectable()
    @UseInterceptors({ intercept })
    class MailTasks {
      @Task()
      send(): unknown {
        return handler();
      }
    }
    return run(MailTasks, 'send', []);
  }
  const fail = (): never => {
    throw new Error('no luck');
  };

  it('that catches the error and goes on makes it a success on purpose', async () => {
    expect(await within((_, next) => next.handle().pipe(catchError(() => of('fallback'))), fail)).toMatchObject([
      { error: undefined },
    ]);
  });

  it('that throws fails the attempt', async () => {
    expect(
      await within(
        () => fail(),
        () => {},
      ),
    ).toMatchObject([{ error: { message: 'no luck' } }]);
  });

  it.each([
    ['all', () => false, { message: 'mapped' }],
    ['all but what decides', (error: unknown) => error instanceof DropTask, { name: 'DropTask' }],
  ])('that maps %s errors decides with the error that it throws, with any cause', async (_which, spare, error) => {
    const mapped = (cause: unknown) => (spare(cause) ? cause : new Error('mapped', { cause }));
    const drop = () => {
      throw new DropTask('never mind');
    };
    expect(
      await within((_, next) => next.handle().pipe(catchError((cause) => throwError(() => mapped(cause)))), drop),
    ).toMatchObject([{ error }]);
  });

  it('may end without a value', async () => {
    expect(await within(() => EMPTY, fail)).toMatchObject([{ error: undefined }]);
  });

  it('may return an Observable, which is run to its end with all values of the handler', async () => {
    const handler = () => from(['a', 'b', 'c']).pipe(map((value) => calls.push(value)));
    await within((_, next) => next.handle().pipe(tap({ complete: () => calls.push('complete') })), handler);
    expect(calls).toEqual(['a', 'b', 'c', 'complete']);
  });

  it('may run the handler again within the attempt, which gets its arguments again', async () => {
    @Injectable()
    @UseInterceptors({
      intercept: (_: unknown, next: CallHandler) => next.handle().pipe(catchError((_e, again) => again)),
    })
    class MailTasks {
      @Task()
      send(@Payload() first: string, second: string): void {
        calls.push([first, second]);
        if (calls.length < 3) throw new Error('again');
      }
    }
    expect(await run(MailTasks, 'send', ['a', 'b'])).toMatchObject([{ error: undefined }]);
    expect(calls).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });
});

describe('an Observable of a handler without enhancers', () => {
  it.each([
    ['returned', () => from([1, 2]).pipe(tap((value) => calls.push(value)))],
    ['resolved to', async () => from([1, 2]).pipe(tap((value) => calls.push(value)))],
  ])('is run to its end when it is %s', async (_how, handler) => {
    @Injectable()
    class MailTasks {
      @Task()
      send(): unknown {
        return handler();
      }
    }
    await run(MailTasks, 'send', []);
    expect(calls).toEqual([1, 2]);
  });

  it('is run to its end before the hooks run', async () => {
    @TaskHooks()
    @Injectable()
    class Hooks implements OnTaskSuccess {
      onTaskSuccess(): void {
        calls.push('success');
      }
    }
    @Injectable()
    class MailTasks {
      constructor(private readonly context: TaskContext) {}

      @Task()
      send(): unknown {
        return timer(1).pipe(tap(() => calls.push(this.context.name)));
      }
    }
    await run(MailTasks, 'send', [], { providers: [Hooks] });
    expect(calls).toEqual(['MailTasks.send', 'success']);
  });

  it('that fails fails the task', async () => {
    @Injectable()
    class MailTasks {
      @Task()
      send(): unknown {
        return throwError(() => new Error('no luck'));
      }
    }
    expect(await run(MailTasks, 'send', [])).toMatchObject([{ error: { message: 'no luck' } }]);
  });
});

describe('a filter', () => {
  function failing(filter: ExceptionFilter | Type<ExceptionFilter>): Type {
    @Injectable()
    @UseFilters(filter)
    class MailTasks {
      @Task({ retries: 1, backoff: 0 })
      send(): void {
        calls.push('tried');
        throw new RangeError('no luck');
      }
    }
    return MailTasks;
  }

  it('that returns a value, or a promise of one, does not change the failure', async () => {
    for (const result of [{ handled: true }, Promise.resolve('handled'), undefined]) {
      calls = [];
      const filter = {
        catch: () => {
          calls.push('filtered');
          return result;
        },
      };
      expect(await run(failing(filter), 'send', [])).toMatchObject([{ error: { message: 'no luck' } }]);
      expect(calls).toEqual(['tried', 'filtered', 'tried', 'filtered']);
      await apps.close();
    }
  });

  it('is not doubled by a log line of Nest', async () => {
    await run(failing(Swallow), 'send', []);
    expect(apps.lines.with('ExceptionsHandler')).toEqual([]);
  });

  it.each([
    ['another error', () => new RangeError('translated'), ['tried', 'tried'], { message: 'translated' }],
    ['DropTask', () => new DropTask('never mind'), ['tried'], { name: 'DropTask' }],
  ])('that throws %s translates the error', async (_what, translate, tries, error) => {
    const filter = {
      catch: () => {
        throw translate();
      },
    };
    const [task] = await run(failing(filter), 'send', []);
    expect(task?.error).toMatchObject({ ...error, cause: { message: 'no luck' } });
    expect(calls).toEqual(tries);
  });

  it('that is made for requests and finds no response leaves the error as it is, and is logged', async () => {
    @Injectable()
    @UseFilters(AnswerRequest)
    class MailTasks {
      @Task({ retries: 1, backoff: 0, retryOn: [RangeError] })
      send(): void {
        calls.push('tried');
        throw new RangeError('no luck');
      }
    }
    expect(await run(MailTasks, 'send', [])).toMatchObject([{ error: { name: 'RangeError', message: 'no luck' } }]);
    expect(calls).toEqual(['tried', 'tried']);
    expect(apps.lines.with('A filter of MailTasks.send failed: TypeError')).toHaveLength(2);
  });

  it('that throws RetryTask causes another attempt', async () => {
    let filtered = 0;
    const filter = {
      catch: () => {
        if (++filtered < 3) throw new RetryTask({ in: 0 });
      },
    };
    @Injectable()
    @UseFilters(filter)
    class MailTasks {
      @Task()
      send(): void {
        calls.push('tried');
        throw new Error('no luck');
      }
    }
    await run(MailTasks, 'send', []);
    expect(calls).toEqual(['tried', 'tried', 'tried']);
  });

  it.each([
    ['DropTask', () => new DropTask('never mind'), 1, { name: 'DropTask' }],
    ['RetryTask', () => new RetryTask({ in: 0 }), 3, { name: 'RetryTask' }],
  ])('that fails does not replace the decision of %s', async (_what, thrown, tries, error) => {
    @Injectable()
    @UseFilters(AnswerRequest)
    class MailTasks {
      @Task({ retries: 2, backoff: 0, retryOn: [RangeError] })
      send(): void {
        calls.push('tried');
        throw thrown();
      }
    }
    expect(await run(MailTasks, 'send', [])).toMatchObject([{ error }]);
    expect(calls).toHaveLength(tries);
  });

  it('that fails does not turn a refusal into an error that is tried again', async () => {
    @Injectable()
    @UseFilters(AnswerRequest)
    class MailTasks {
      @Task({ retries: 2, backoff: 0 })
      @UseGuards(Refuse)
      send(): void {}

      @Task({ retries: 2, backoff: 0 })
      read(@Payload(ParseIntPipe) _page: unknown): void {}
    }
    expect(await run(MailTasks, 'send', [])).toMatchObject([{ attempt: 1, error: { code: 'GUARD_REFUSED' } }]);
    await apps.close();
    expect(await run(MailTasks, 'read', ['x'])).toMatchObject([{ attempt: 1, error: { code: 'INVALID_PAYLOAD' } }]);
  });

  it('gets only the errors that it catches, with the context of the task', async () => {
    @Catch(TypeError)
    class OfTypes implements ExceptionFilter {
      catch(): void {
        calls.push('wrong filter');
      }
    }
    @Catch(RangeError)
    class OfRanges implements ExceptionFilter {
      catch(error: Error, host: ArgumentsHost): void {
        calls.push([error.message, TaskExecutionContext.create(host).getTask().name]);
      }
    }
    @Injectable()
    @UseFilters(OfTypes, OfRanges)
    class MailTasks {
      @Task()
      send(): void {
        throw new RangeError('no luck');
      }
    }
    await run(MailTasks, 'send', []);
    expect(calls).toEqual([['no luck', 'MailTasks.send']]);
  });

  it('gets the refusal of a guard, and cannot make it a success', async () => {
    @Injectable()
    @UseGuards(Refuse)
    @UseFilters(Swallow)
    class MailTasks {
      @Task()
      send(): void {
        calls.push('sent');
      }
    }
    expect(await run(MailTasks, 'send', [])).toMatchObject([{ error: { code: 'GUARD_REFUSED' } }]);
    expect(calls).toEqual([expect.stringContaining('A guard refused')]);
  });
});

describe('a guard', () => {
  function guarded(canActivate: () => boolean): Type {
    @Injectable()
    @UseGuards({ canActivate })
    class MailTasks {
      @Task({ retries: 2, backoff: 0 })
      send(): void {
        calls.push('sent');
      }
    }
    return MailTasks;
  }

  it.each([
    ['returns false', () => false],
    [
      'throws ForbiddenException',
      () => {
        throw new ForbiddenException('the tenant is suspended');
      },
    ],
  ])('that %s refuses: the task is dead at once', async (_how, answer) => {
    let asked = 0;
    const [task] = await run(
      guarded(() => {
        asked++;
        return answer();
      }),
      'send',
      [],
    );
    expect(task?.error).toMatchObject({
      code: 'GUARD_REFUSED',
      message: expect.stringContaining('"MailTasks.send"'),
      cause: expect.any(ForbiddenException),
    });
    expect(asked).toBe(1);
    expect(calls).toEqual([]);
  });

  it('that throws another error fails the attempt, which is tried again', async () => {
    let asked = 0;
    const guard = guarded(() => {
      if (++asked < 3) throw new Error('no answer');
      return true;
    });
    expect(await run(guard, 'send', [])).toMatchObject([{ error: undefined }]);
    expect(calls).toEqual(['sent']);
  });
});

describe('global enhancers', () => {
  @Injectable()
  class PlainTasks {
    @Task()
    send(word: string): void {
      calls.push(word);
    }

    @Task()
    fail(): void {
      throw new Error('no luck');
    }
  }
  const everything: Provider[] = [
    { provide: APP_GUARD, useClass: Refuse },
    { provide: APP_INTERCEPTOR, useClass: Around },
    { provide: APP_PIPE, useClass: Shout },
    { provide: APP_FILTER, useClass: Swallow },
  ];

  it('do not apply by default', async () => {
    expect(await run(PlainTasks, 'send', ['a'], { providers: everything })).toMatchObject([{ error: undefined }]);
    expect(calls).toEqual(['a']);
  });

  it('do not apply by default to tasks with enhancers of their own either', async () => {
    @Injectable()
    @UseInterceptors({ intercept: (_: unknown, next: CallHandler) => next.handle() })
    class MailTasks extends PlainTasks {}
    expect(await run(MailTasks, 'send', ['a'], { providers: everything })).toMatchObject([{ error: undefined }]);
    expect(calls).toEqual(['a']);
  });

  it('apply with `applyGlobalEnhancers`, without guards', async () => {
    const options = { applyGlobalEnhancers: true };
    await run(PlainTasks, 'send', ['a'], { providers: everything, options });
    expect(calls).toEqual(['before', 'a!', 'after']);
    await apps.close();
    calls = [];
    const [task] = await run(PlainTasks, 'fail', [], { providers: everything, options });
    expect(task?.error).toMatchObject({ message: 'no luck' });
    expect(calls).toEqual(['before', 'filtered no luck']);
  });

  it.each([
    [{ guards: true }, []],
    [{ interceptors: true }, ['before', 'a', 'after']],
    [{ pipes: true }, ['a!']],
    [{ filters: true }, ['a']],
  ])('apply with the option %j', async (applyGlobalEnhancers, wanted) => {
    await run(PlainTasks, 'send', ['a'], { providers: everything, options: { applyGlobalEnhancers } });
    expect(calls).toEqual(wanted);
  });

  it('apply when the app sets them after its start, before the first task', async () => {
    await run(PlainTasks, 'send', ['a'], {
      options: { applyGlobalEnhancers: true },
      prepare: (app) => app.get(ApplicationConfig, { strict: false }).useGlobalPipes(new Shout()),
    });
    expect(calls).toEqual(['a!']);
  });

  it('with a scope are made for each task', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class OfThisTask implements NestInterceptor {
      constructor(@Inject(REQUEST) private readonly task: TaskInfo) {}

      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        calls.push(this.task.args);
        return next.handle();
      }
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient extends Shout {
      constructor(readonly journal: Journal) {
        super();
      }

      override transform(value: unknown): unknown {
        this.journal.note('piped');
        return super.transform(value);
      }
    }
    const providers: Provider[] = [
      { provide: APP_INTERCEPTOR, useClass: OfThisTask },
      { provide: APP_PIPE, useClass: Transient },
    ];
    const app = await apps.boot({
      imports: [apps.queue({ applyGlobalEnhancers: true })],
      providers: [Journal, PlainTasks, ...providers],
    });
    const { send } = app.get(QueueClient, { strict: false }).of(PlainTasks);
    await send.delayMany([['a'], ['b']]);
    expect(await drainTasks(app)).toMatchObject([{ error: undefined }, { error: undefined }]);
    expect(calls).toEqual([['a'], 'piped', 'a!', ['b'], 'piped', 'b!']);
  });

  it('are refused with unknown words in `applyGlobalEnhancers`', async () => {
    const bad = { applyGlobalEnhancers: { guard: true } } as TaskQueueOptions;
    await expect(apps.boot({ imports: [apps.queue(bad)] })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    const worse = { applyGlobalEnhancers: { guards: 'yes' } } as unknown as TaskQueueOptions;
    await expect(apps.boot({ imports: [apps.queue(worse)] })).rejects.toThrow('applyGlobalEnhancers.guards');
  });
});
