import * as common from '@nestjs/common';
import {
  BadRequestException,
  Injectable,
  NotFoundException,
  type PipeTransform,
  type Provider,
  Scope,
  type Type,
  UseFilters,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Type as Nested } from 'class-transformer';
import { IsEmail, IsInt, ValidateNested } from 'class-validator';
import * as v from 'valibot';
import { z } from 'zod';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Payload } from '../../src/decorators/payload.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import { InvalidPayloadError } from '../../src/payload/refusals.js';
import type { PayloadOf } from '../../src/payload/standard-schema.js';
import { RetryTask } from '../../src/policy/task-errors.js';
import { TaskRegistry } from '../../src/task/task-registry.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import type { TaskRun } from '../../src/testing/task-run.js';
import { Executor, isFailure } from '../../src/worker/executor.js';
import { claimed } from '../worker/messages.js';
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

class Address {
  @IsInt()
  zip!: number;
}

class WelcomeDto {
  @IsEmail()
  email!: string;

  @ValidateNested()
  @Nested(() => Address)
  address!: Address;
}

const GOOD = { email: 'ada@example.org', address: { zip: 12345 } };
const BAD = { email: 'nobody', address: { zip: 'x' } };

const Reminder = z.object({
  at: z.iso.datetime().transform((text) => new Date(text)),
  note: z.string().max(5).optional(),
});

interface Setup {
  providers?: Provider[];
  options?: TaskQueueOptions;
}

async function client(type: Type, { providers = [], options }: Setup = {}) {
  const app = await apps.boot({ imports: [apps.queue(options)], providers: [type, ...providers] });
  return { app, queue: app.get(QueueClient, { strict: false }) };
}

/** Runs a call that a client without the class has sent. */
async function run(type: Type, method: string, args: unknown[], setup: Setup = {}): Promise<TaskRun | undefined> {
  const sender = await apps.boot({ imports: [apps.queue()] });
  await sender
    .get(QueueClient, { strict: false })
    .task(`${type.name}.${method}`)
    .delay(...args);
  const { app } = await client(type, setup);
  const [task] = await drainTasks(app);
  return task;
}

@Injectable()
class DtoTasks {
  @Task({ retries: 2, backoff: 0 })
  @UsePipes(new ValidationPipe({ transform: true }))
  onMethod(user: WelcomeDto, note: string): void {
    calls.push([user, note]);
  }

  @Task({ retries: 2, backoff: 0 })
  onParameter(note: string, @Payload(new ValidationPipe({ transform: true })) user: WelcomeDto, last?: string): void {
    calls.push([user, note, last]);
  }

  @Task({ retries: 2, backoff: 0 })
  asClass(@Payload(ValidationPipe) user: WelcomeDto): void {
    calls.push(user);
  }

  @Task()
  unchecked(user: WelcomeDto): void {
    calls.push(user);
  }
}

@Injectable()
class SchemaTasks {
  @Task({ retries: 2, backoff: 0 })
  zod(first: string, @Payload({ schema: Reminder }) reminder: PayloadOf<typeof Reminder>, last?: string): void {
    calls.push([first, reminder, last]);
  }

  @Task({ retries: 2, backoff: 0 })
  valibot(@Payload({ schema: v.object({ list: v.array(v.object({ id: v.number() })) }) }) given: unknown): void {
    calls.push(given);
  }

  @Task()
  optional(@Payload({ schema: z.enum(['a', 'b']) }) mode: 'a' | 'b' = 'a'): void {
    calls.push(mode);
  }

  @Broadcast()
  everywhere(@Payload({ schema: z.string() }) given: string): void {
    calls.push(given);
  }
}

describe('at a worker, a ValidationPipe', () => {
  it.each([
    ['onMethod', [GOOD, 'note']],
    ['onParameter', ['note', GOOD]],
  ])('of %s makes an instance of the class, and the other arguments stay', async (method, args) => {
    expect(await run(DtoTasks, method, args)).toMatchObject({ error: undefined });
    const [[user, note]] = calls as [[WelcomeDto, string]];
    expect(user).toBeInstanceOf(WelcomeDto);
    expect(user.address).toBeInstanceOf(Address);
    expect({ ...user, address: { ...user.address } }).toEqual(GOOD);
    expect(note).toBe('note');
  });

  it.each([
    ['onMethod', [BAD, 'note'], 0],
    ['onParameter', ['note', BAD], 1],
    ['onParameter', ['note'], 1],
    ['asClass', [BAD], 0],
  ])('of %s that refuses names the wrong fields: %j', async (method, args, argument) => {
    const task = await run(DtoTasks, method, args);
    expect(task?.error).toBeInstanceOf(InvalidPayloadError);
    expect(task?.error).toMatchObject({
      code: 'INVALID_PAYLOAD',
      task: `DtoTasks.${method}`,
      argument,
      taskId: task?.id,
      message: expect.stringMatching(
        new RegExp(`^Argument ${argument} of task "DtoTasks\\.${method}" is invalid: email must be`),
      ),
      cause: expect.any(BadRequestException),
    });
    expect(calls).toEqual([]);
  });

  it('of the whole app applies with `applyGlobalEnhancers`', async () => {
    const providers = [{ provide: APP_PIPE, useValue: new ValidationPipe() }];
    expect(await run(DtoTasks, 'unchecked', [BAD], { providers })).toMatchObject({ error: undefined });
    await apps.close();
    const options = { applyGlobalEnhancers: true };
    expect(await run(DtoTasks, 'unchecked', [BAD], { providers, options })).toMatchObject({
      error: { code: 'INVALID_PAYLOAD' },
    });
  });

  it('may be made for each task', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class ScopedValidation extends ValidationPipe {}
    @Injectable()
    class MailTasks {
      @Task()
      @UsePipes(ScopedValidation)
      welcome(user: WelcomeDto): void {
        calls.push(user);
      }
    }
    expect(await run(MailTasks, 'welcome', [BAD])).toMatchObject({ error: { code: 'INVALID_PAYLOAD' } });
    await apps.close();
    expect(await run(MailTasks, 'welcome', [GOOD])).toMatchObject({ error: undefined });
  });
});

describe('at a worker, a schema', () => {
  it('gives the handler its output for the argument; the others stay', async () => {
    expect(await run(SchemaTasks, 'zod', ['a', { at: '2031-05-01T08:00:00Z', more: 1 }, 'c'])).toMatchObject({
      error: undefined,
    });
    expect(calls).toEqual([['a', { at: new Date('2031-05-01T08:00:00Z') }, 'c']]);
  });

  it('of another library works the same', async () => {
    expect(await run(SchemaTasks, 'valibot', [{ list: [{ id: 1 }] }])).toMatchObject({ error: undefined });
    expect(calls).toEqual([{ list: [{ id: 1 }] }]);
  });

  it.each([
    ['zod', ['a', { at: 'soon', note: 'too long' }], 1, ['at', 'note']],
    ['zod', ['a'], 1, ['']],
    ['valibot', [{ list: [{ id: 1 }, { id: 'x' }] }], 0, ['list.1.id']],
  ])('of %s that refuses names the wrong fields: %j', async (method, args, argument, paths) => {
    const task = await run(SchemaTasks, method, args);
    expect(task?.error).toMatchObject({ code: 'INVALID_PAYLOAD', argument, taskId: task?.id });
    expect((task?.error as InvalidPayloadError | undefined)?.problems.map(({ path }) => path)).toEqual(paths);
  });

  it('of a broadcast refuses as well', async () => {
    const { app, queue } = await client(SchemaTasks);
    await expect(queue.of(SchemaTasks).everywhere.delay(7 as never)).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    await queue.of(SchemaTasks).everywhere.delay('fine');
    await drainTasks(app);
    expect(calls).toEqual(['fine']);
  });
});

describe('at a worker, a refused payload', () => {
  it.each<[string, (look: () => void) => ParameterDecorator]>([
    [
      'a schema',
      (look) =>
        Payload({
          schema: z.string().superRefine((_, context) => {
            look();
            context.addIssue('no');
          }),
        }),
    ],
    [
      'a pipe',
      (look) =>
        Payload({
          transform: () => {
            look();
            throw new BadRequestException('no');
          },
        }),
    ],
  ])('by %s is dead at once, with any retry policy', async (_what, decorate) => {
    let looked = 0;
    class MailTasks {
      @Task({ retries: 2, backoff: 0, retryOn: [Error] })
      send(_word: string): void {}
    }
    decorate(() => void looked++)(MailTasks.prototype, 'send', 0);
    expect(await run(MailTasks, 'send', ['a'])).toMatchObject({ error: { code: 'INVALID_PAYLOAD' } });
    expect(looked).toBe(1);
  });

  it('is dropped if `dropOn` names it', async () => {
    @Injectable()
    class MailTasks {
      @Task({ dropOn: [InvalidPayloadError] })
      send(@Payload({ schema: z.string() }) _word: string): void {}
    }
    const { app } = await client(MailTasks);
    const executor = new Executor(app.get(TaskRegistry, { strict: false }), []);
    const prepared = executor.prepare(claimed('MailTasks.send', [7]));
    if (isFailure(prepared)) throw prepared.error;
    const outcome = await executor.run(prepared);
    expect(outcome).toMatchObject({ kind: 'failed', decision: { kind: 'drop' }, error: { code: 'INVALID_PAYLOAD' } });
  });

  it('may be tried again when a filter asks for it', async () => {
    let filtered = 0;
    const again = {
      catch: () => {
        if (++filtered < 3) throw new RetryTask({ in: 0 });
      },
    };
    @Injectable()
    class MailTasks {
      @Task()
      @UseFilters(again)
      send(@Payload({ schema: z.string() }) _word: string): void {}
    }
    expect(await run(MailTasks, 'send', [7])).toMatchObject({ error: { code: 'INVALID_PAYLOAD' } });
    expect(filtered).toBe(3);
  });
});

/** Nest 12 has it. */
const SchemaPipe = Reflect.get(common, 'StandardSchemaValidationPipe') as Type<PipeTransform> | undefined;

(SchemaPipe ? describe : describe.skip)("at a worker, Nest's own pipe for schemas", () => {
  it('at a worker, schemas are applied alone, because a schema may not accept its own output', async () => {
    @Injectable()
    class MailTasks {
      @Task()
      @UsePipes(SchemaPipe ? new SchemaPipe() : ValidationPipe)
      remind(@Payload({ schema: Reminder }) reminder: PayloadOf<typeof Reminder>): void {
        calls.push(reminder.at);
      }
    }
    expect(await run(MailTasks, 'remind', [{ at: '2031-05-01T08:00:00Z' }])).toMatchObject({ error: undefined });
    expect(calls).toEqual([new Date('2031-05-01T08:00:00Z')]);
    await apps.close();
    expect(await run(MailTasks, 'remind', [{ at: 'soon' }])).toMatchObject({ error: { code: 'INVALID_PAYLOAD' } });
    const { queue } = await client(MailTasks);
    await expect(queue.of(MailTasks).remind.delay({ at: 'soon' })).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
  });
});

describe('at a worker, another pipe', () => {
  function piped(error: Error, tries: number): Type {
    let tried = 0;
    const pipe: PipeTransform = {
      transform: (value: unknown) => {
        if (++tried < tries) throw error;
        return value;
      },
    };
    @Injectable()
    class MailTasks {
      @Task({ retries: 2, backoff: 0 })
      send(@Payload(pipe) word: string): void {
        calls.push(word);
      }
    }
    return MailTasks;
  }

  it('that answers 400 refuses the payload', async () => {
    expect(await run(piped(new BadRequestException('no word'), 9), 'send', ['a'])).toMatchObject({
      error: { code: 'INVALID_PAYLOAD', problems: [{ path: '', message: 'no word' }] },
    });
  });

  it.each([
    ['Error', new Error('no database')],
    ['NotFoundException', new NotFoundException('not yet')],
  ])('may fail otherwise: %s', async (_name, error) => {
    expect(await run(piped(error, 3), 'send', ['a'])).toMatchObject({ error: undefined });
    expect(calls).toEqual(['a']);
  });
});

describe('at the call', () => {
  const good = { at: '2031-05-01T08:00:00Z' };
  const bad = { at: 'soon' };

  it('a bad payload is refused, and nothing is sent', async () => {
    const { queue } = await client(SchemaTasks);
    const { zod } = queue.of(SchemaTasks);
    const refusal = { code: 'INVALID_PAYLOAD', task: 'SchemaTasks.zod', argument: 1, taskId: undefined };
    const whole = {
      ...refusal,
      message: expect.stringMatching(/^Argument 1 of task "SchemaTasks\.zod" is invalid: at: /),
    };
    await expect(zod.delay('a', bad)).rejects.toMatchObject(whole);
    await expect(zod.with({ delay: '1h' }).delay('a', bad)).rejects.toMatchObject(whole);
    await expect(zod.with({ key: 'k' }).delay('a', bad)).rejects.toMatchObject(whole);
    await expect(queue.task('SchemaTasks.zod').delay('a', bad)).rejects.toMatchObject(whole);
    await expect(queue.task(SchemaTasks.prototype.zod).delay('a', bad)).rejects.toMatchObject(whole);
    await expect(
      zod.delayMany([
        ['a', good],
        ['b', good],
        ['c', bad],
      ]),
    ).rejects.toMatchObject({
      ...refusal,
      message: expect.stringMatching(/^Argument 1 in calls\[2\] of task/),
    });
    expect(await apps.redis.keys('*queue:*')).toEqual([]);
    expect(await apps.redis.keys('*scheduled:*')).toEqual([]);
  });

  it('an argument that TypeScript allows to leave out, and the schema does not, is refused with both remedies', async () => {
    const { queue } = await client(SchemaTasks);
    const { optional } = queue.of(SchemaTasks);
    const remedy = 'give the schema a default or make it optional';
    await expect(optional.delay()).rejects.toThrow(remedy);
    expect((await run(SchemaTasks, 'optional', []))?.error).toMatchObject({ message: expect.stringContaining(remedy) });
    await expect(optional.delay('c' as never)).rejects.toMatchObject({ message: expect.not.stringContaining(remedy) });
  });

  it('a good payload is sent as it is, not as the schema converts it', async () => {
    const { queue } = await client(SchemaTasks);
    await queue.of(SchemaTasks).zod.delay('a', good);
    await queue.of(SchemaTasks).zod.delayMany([['b', good]]);
    expect((await apps.waiting()).map(({ args }) => args)).toEqual([
      ['a', good],
      ['b', good],
    ]);
  });

  it('a payload is checked by an app that only sends, too, by the decorators of the class', async () => {
    const app = await apps.boot({ imports: [apps.queue()] });
    const queue = app.get(QueueClient, { strict: false });
    const refusal = { code: 'INVALID_PAYLOAD' };
    await expect(queue.of(SchemaTasks).zod.delay('a', bad)).rejects.toMatchObject(refusal);
    await expect(queue.task(SchemaTasks.prototype.zod).delay('a', bad)).rejects.toMatchObject(refusal);
    await expect(queue.of(DtoTasks).onMethod.delay(BAD as never, '')).rejects.toMatchObject(refusal);
    await expect(queue.of(DtoTasks).asClass.delay(BAD as never)).rejects.toMatchObject(refusal);
    expect(await apps.waiting()).toEqual([]);
  });

  it.each<[string, (tasks: DtoSenders) => Promise<unknown>]>([
    ['of the method', ({ onMethod }) => onMethod.delay(BAD as never, 'note')],
    ['of the parameter', ({ onParameter }) => onParameter.delay('note', BAD as never)],
    ['given as a class', ({ asClass }) => asClass.delay(BAD as never)],
  ])('a ValidationPipe %s refuses, and the error names the wrong fields', async (_where, send) => {
    const { queue } = await client(DtoTasks);
    await expect(send(queue.of(DtoTasks))).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      problems: [
        { path: '', message: 'email must be an email' },
        { path: '', message: 'address.zip must be an integer number' },
      ],
    });
    expect(await apps.waiting()).toEqual([]);
  });

  it('a ValidationPipe of the whole app applies with `applyGlobalEnhancers`', async () => {
    const providers = [{ provide: APP_PIPE, useValue: new ValidationPipe() }];
    const { queue } = await client(DtoTasks, { providers });
    await queue.of(DtoTasks).unchecked.delay(BAD as never);
    expect(await apps.waiting()).toHaveLength(1);
    await apps.close();
    const chosen = await client(DtoTasks, { providers, options: { applyGlobalEnhancers: { pipes: true } } });
    await expect(chosen.queue.of(DtoTasks).unchecked.delay(BAD as never)).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
    });
  });

  it('an argument is not changed by a pipe that strips', async () => {
    @Injectable()
    class MailTasks {
      @Task()
      @UsePipes(new ValidationPipe({ whitelist: true, transform: true }))
      welcome(user: WelcomeDto): void {
        calls.push(user);
      }
    }
    const { app, queue } = await client(MailTasks);
    const user = { ...GOOD, more: 'than asked for' };
    await queue.of(MailTasks).welcome.delay(user);
    expect(user).toEqual({ ...GOOD, more: 'than asked for' });
    expect((await apps.waiting()).map(({ args }) => args)).toEqual([[user]]);
    await drainTasks(app);
    expect(calls).toEqual([expect.not.objectContaining({ more: expect.anything() })]);
  });

  it('an optional argument may be left out, as it may at a worker', async () => {
    @Injectable()
    class MailTasks {
      @Task()
      @UsePipes(new ValidationPipe())
      welcome(word: string, user?: WelcomeDto): void {
        calls.push([word, user]);
      }
    }
    const { app, queue } = await client(MailTasks);
    const { welcome } = queue.of(MailTasks);
    await welcome.delay('a');
    await welcome.delayMany([['b'], ['c', GOOD]]);
    await expect(welcome.delay('d', BAD as never)).rejects.toMatchObject({ code: 'INVALID_PAYLOAD', argument: 1 });
    await drainTasks(app);
    expect(calls).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', GOOD],
    ]);
  });

  it('pipes that are no validators do not run, nor do the pipes after them', async () => {
    const load: PipeTransform = {
      transform: (email: string) => {
        calls.push('loaded');
        return { email, address: { zip: 1 } };
      },
    };
    @Injectable()
    class MailTasks {
      @Task()
      welcome(@Payload(load, new ValidationPipe()) user: WelcomeDto): void {
        calls.push(user.email);
      }
    }
    const { app, queue } = await client(MailTasks);
    await queue.of(MailTasks).welcome.delay('ada@example.org' as never);
    expect(calls).toEqual([]);
    expect(await drainTasks(app)).toMatchObject([{ error: undefined }]);
    expect(calls).toEqual(['loaded', 'ada@example.org']);
  });

  it('a task that fails with the refusal of another one it sends is tried again by its own policy', async () => {
    let tried = 0;
    @Injectable()
    class RelayTasks {
      constructor(private readonly queue: QueueClient) {}

      @Task({ retries: 1, backoff: 0 })
      async relay(): Promise<void> {
        await this.queue.of(SchemaTasks).zod.delay('a', ++tried < 2 ? bad : good);
      }
    }
    const { app, queue } = await client(RelayTasks, { providers: [SchemaTasks] });
    await queue.of(RelayTasks).relay.delay();
    expect(await drainTasks(app)).toMatchObject([{ name: 'RelayTasks.relay', error: undefined }, { error: undefined }]);
    expect(tried).toBe(2);
  });
});

type DtoSenders = ReturnType<typeof QueueClient.prototype.of<DtoTasks>>;

describe('@Payload() is refused', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['with a schema instead of options', () => Payload(z.string() as never), /got a schema.*@Payload\(\{ schema \}\)/s],
    ['with what is no schema', () => Payload({ schema: { parse() {} } as never }), /standardschema\.dev/],
    ['with options that do not exist', () => Payload({ scheme: z.string() } as never), /"scheme".*schema, pipes/s],
    ['with what is no pipe', () => Payload({ pipes: [{}] as never }), /transform\(\)/],
  ])('%s', (_what, make, message) => {
    expect(() => {
      class MailTasks {
        send(_word: string): void {}
      }
      (make() as ParameterDecorator)(MailTasks.prototype, 'send', 0);
    }).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }));
  });

  it('twice on a parameter, and where there is no method', () => {
    class MailTasks {
      send(_word: string): void {}
    }
    Payload()(MailTasks.prototype, 'send', 0);
    expect(() => Payload()(MailTasks.prototype, 'send', 0)).toThrow('MailTasks.send stands there twice');
    expect(() => Payload()(MailTasks, undefined, 0)).toThrow('MailTasks.constructor does not stand');
  });
});
