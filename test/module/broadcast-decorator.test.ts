import { Broadcast, type BroadcastOptions } from '../../src/decorators/broadcast.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskRegistry } from '../../src/task/task-registry.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

/** Defines a class with the options on `Caches.forget`. */
function define(options?: unknown): new () => object {
  class Caches {
    @Broadcast(options as BroadcastOptions)
    forget(): void {}
  }
  return Caches;
}

describe('@Broadcast()', () => {
  it.each<[unknown, string, string]>([
    [{ name: 'forget it' }, 'INVALID_NAME', "'forget it' is not a valid task name"],
    [{ on: 'everywhere' }, 'INVALID_OPTION', "Caches.forget has 'everywhere' as `on`"],
    [{ on: null }, 'INVALID_OPTION', "Set it to 'child' or 'machine'"],
    [{ queue: 'bulk' }, 'INVALID_OPTION', 'has no option "queue"'],
    [{ retries: 3 }, 'INVALID_OPTION', 'has no option "retries"'],
    ['machine', 'INVALID_OPTION', 'not an object of options'],
  ])('with %j is refused while the class is being defined', (options, code, what) => {
    expect(() => define(options)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(what) }));
  });

  it('on a static method is refused with its name', () => {
    class Caches {}
    const decorate = Broadcast() as (...all: unknown[]) => void;
    expect(() => decorate(Caches, 'forget', { value: () => {} })).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining('@Broadcast() on Caches.forget'),
      }),
    );
  });

  it.each([
    ['above', [Broadcast(), Task()]],
    ['below', [Task(), Broadcast()]],
  ])('%s @Task() is refused', (_where, decorators) => {
    class Caches {
      forget(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Caches.prototype, 'forget') as PropertyDescriptor;
    const decorate = (): void => {
      for (const decorator of decorators) decorator(Caches.prototype, 'forget', descriptor);
    };
    expect(decorate).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(
          /^Caches\.forget has both @(Broadcast\(\) and @Task|Task\(\) and @Broadcast)\(\)/,
        ),
      }),
    );
  });
});

describe('discovery finds broadcasts', () => {
  it('by name, with their scope, and without the timeouts of the module', async () => {
    class Caches {
      @Broadcast()
      forget(): void {}

      @Broadcast({ name: 'caches.warm', on: 'machine' })
      warm(): void {}

      @Task()
      count(): void {}
    }
    const module = apps.queue({ defaults: { softTimeout: '1s', hardTimeout: '2s', expires: '1s' } });
    const app = await apps.boot({ imports: [module], providers: [Caches] });
    const found = app.get(TaskRegistry, { strict: false }).all();
    expect(found.map(({ name, queue, broadcast }) => [name, queue, broadcast])).toEqual([
      ['Caches.forget', '(broadcast)', 'child'],
      ['caches.warm', '(broadcast)', 'machine'],
      ['Caches.count', 'default', undefined],
    ]);
    expect(found.map(({ policyOf, queue }) => policyOf(queue, {}).expiresMs)).toEqual([undefined, undefined, 1_000]);
    expect(found.map(({ policyOf, queue }) => policyOf(queue, {}).softTimeoutMs)).toEqual([
      undefined,
      undefined,
      1_000,
    ]);
  });

  it('and refuses a task with the name of one', async () => {
    class Caches {
      @Broadcast({ name: 'forget' })
      forget(): void {}

      @Task({ name: 'forget' })
      other(): void {}
    }
    await expect(apps.boot({ imports: [apps.queue()], providers: [Caches] })).rejects.toMatchObject({
      code: 'DUPLICATE_TASK',
      message: expect.stringMatching(/Caches\.forget.*Caches\.other/),
    });
  });
});
