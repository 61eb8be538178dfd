import { type CanActivate, Injectable, type Provider, UseGuards } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { Payload } from '../../src/decorators/payload.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import { TaskRegistry } from '../../src/task/task-registry.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

type Method = (...args: unknown[]) => unknown;

/** Puts another function in the place of the method, as `@CreateRequestContext()` of MikroORM does. */
function Replace(): MethodDecorator {
  return (_target, _property, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as Method;
    descriptor.value = function (this: unknown, ...args: unknown[]): unknown {
      return Reflect.apply(method, this, args);
    };
  };
}

/** Replaces it, and hands its metadata on. */
function ReplaceKeeping(): MethodDecorator {
  return (target, property, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as Method;
    Replace()(target, property, descriptor);
    for (const key of Reflect.getMetadataKeys(method)) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, method), descriptor.value);
    }
  };
}

/** Makes a getter of it that binds, as `@autobind` does. */
function Bound(): MethodDecorator {
  return (_target, _property, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as Method;
    const bound: PropertyDescriptor = {
      configurable: true,
      get(): Method {
        return method.bind(this);
      },
    };
    return bound as never;
  };
}

class Never implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

async function tasksOf(...providers: Provider[]): Promise<string[]> {
  const app = await apps.boot({ imports: [apps.queue()], providers });
  return app
    .get(TaskRegistry, { strict: false })
    .all()
    .map(({ name }) => name);
}

function lost(message: RegExp) {
  return { code: 'DECORATOR_LOST', message: expect.stringMatching(message) };
}

describe('a decorator that replaces the method', () => {
  it.each<[string, MethodDecorator]>([
    ['@Task()', Task()],
    ['@Cron()', Cron('0 8 * * *')],
    ['@Interval()', Interval('1h')],
    ['@Broadcast()', Broadcast()],
  ])('above %s is refused when the app starts, with the right order', async (written, decorator) => {
    class ReportTasks {
      @Replace()
      @decorator
      digest(): void {}
    }
    const message = `^\\${written.slice(0, -2)}\\(\\) on ReportTasks.digest has no effect[\\s\\S]*Write ${written.slice(0, -2)}\\(\\) above every other`;
    await expect(tasksOf(ReportTasks)).rejects.toMatchObject(lost(new RegExp(message)));
  });

  it('below it is a task, which runs the replacement', async () => {
    class ReportTasks {
      @Task()
      @Replace()
      digest(): string {
        return 'done';
      }
    }
    expect(await tasksOf(ReportTasks)).toEqual(['ReportTasks.digest']);
  });

  it('above it that copies the metadata is accepted', async () => {
    class ReportTasks {
      @ReplaceKeeping()
      @Task()
      digest(): void {}
    }
    expect(await tasksOf(ReportTasks)).toEqual(['ReportTasks.digest']);
  });

  it('and makes it a getter is refused above and below', async () => {
    class ReportTasks {
      @Bound()
      @Task()
      digest(): void {}
    }
    await expect(tasksOf(ReportTasks)).rejects.toMatchObject(lost(/@Task\(\) on ReportTasks\.digest/));
    expect(() => {
      class BoundTasks {
        @Task()
        @Bound()
        digest(): void {}
      }
      return BoundTasks;
    }).toThrow(/@Task\(\) on BoundTasks\.digest stands on an accessor/);
  });

  it('is refused in a base class of the provider, but not if an override hides it', async () => {
    class BaseTasks {
      @Replace()
      @Task()
      digest(): void {}
    }
    class PlainChild extends BaseTasks {}
    class HidingChild extends BaseTasks {
      override digest(): void {}
    }
    class OwnChild extends BaseTasks {
      @Task()
      override digest(): void {}
    }
    await expect(tasksOf(PlainChild)).rejects.toMatchObject(lost(/@Task\(\) on BaseTasks\.digest/));
    expect(await tasksOf(HidingChild, OwnChild)).toEqual(['OwnChild.digest']);
  });

  it('is refused by of() in an app that only sends', async () => {
    class ReportTasks {
      @Replace()
      @Task()
      digest(): void {}

      @Task()
      send(): void {}
    }
    const app = await apps.boot({ imports: [apps.queue()] });
    expect(() => app.get(QueueClient, { strict: false }).of(ReportTasks)).toThrow(
      expect.objectContaining(lost(/@Task\(\) on ReportTasks\.digest/)),
    );
  });

  it('above a guard is refused, although the task is there: the guard would not guard', async () => {
    class ReportTasks {
      @Task()
      @Replace()
      @UseGuards(Never)
      digest(): void {}
    }
    await expect(tasksOf(ReportTasks)).rejects.toMatchObject(
      lost(/^@UseGuards\(\) on ReportTasks\.digest has no effect/),
    );
  });

  it('between two decorators of nestwork is refused, and the error names the first one', () => {
    expect(() => {
      class ReportTasks {
        @Cron('0 9 * * *')
        @Replace()
        @Task()
        digest(): void {}
      }
      return ReportTasks;
    }).toThrow(/@Task\(\) on ReportTasks\.digest has no effect: something replaced the method/);
  });
});

describe('a spy in place of a method', () => {
  it('that exists before the app starts is refused, and the error names the remedy', async () => {
    class ReportTasks {
      @Task()
      send(): void {}
    }
    const { send } = ReportTasks.prototype;
    ReportTasks.prototype.send = () => {};
    await expect(tasksOf(ReportTasks)).rejects.toMatchObject(lost(/jest\.spyOn\(app\.get\(ReportTasks\), 'send'\)/));
    ReportTasks.prototype.send = send;
    expect(await tasksOf(ReportTasks)).toEqual(['ReportTasks.send']);
  });
});

describe('@Payload()', () => {
  it('on a method that is no task is refused', async () => {
    class ReportTasks {
      send(@Payload() _user: number): void {}
    }
    await expect(tasksOf(ReportTasks)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/^@Payload\(\) in ReportTasks\.send has no effect/),
    });
  });

  it('in an abstract method counts for the task that implements it', async () => {
    class BaseTasks {
      send(@Payload() _user: number): void {}
    }
    class ReportTasks extends BaseTasks {
      @Task()
      override send(_user: number): void {}
    }
    expect(await tasksOf(ReportTasks)).toEqual(['ReportTasks.send']);
  });
});

it('a decorator above @TaskHooks() that makes another class of it is refused', async () => {
  const Traced: ClassDecorator = (type) => {
    const Base = type as unknown as new () => object;
    return { [type.name]: class extends Base {} }[type.name] as never;
  };

  @Traced
  @TaskHooks()
  @Injectable()
  class Metrics {
    onTaskStart(): void {}
  }
  await expect(tasksOf(Metrics)).rejects.toMatchObject(lost(/^@TaskHooks\(\) on Metrics has no effect/));
});

it('a provider whose prototype has no constructor is accepted', async () => {
  function Legacy(): void {}
  Legacy.prototype = Object.assign(Object.create(null), { find: () => 1 });

  @Injectable()
  class ReportTasks {
    @Task()
    send(): void {}
  }
  const legacy = { provide: 'legacy', useClass: Legacy as never };
  expect(await tasksOf(legacy, ReportTasks)).toEqual(['ReportTasks.send']);
});
