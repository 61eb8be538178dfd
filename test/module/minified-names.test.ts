import { Injectable, Module, type Type } from '@nestjs/common';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

/** A module with a class of tasks, called as a minifier has left them. */
function bundled(moduleName: string, className: string, name?: string): Type<unknown> {
  const called = <T extends object>(type: T, as: string): T => Object.defineProperty(type, 'name', { value: as });
  class Tasks {
    send(): void {}
    digest(): void {}
  }
  called(Tasks, className);
  const decorate = (method: 'send' | 'digest', decorator: MethodDecorator): void => {
    decorator(Tasks.prototype, method, Object.getOwnPropertyDescriptor(Tasks.prototype, method) as PropertyDescriptor);
  };
  decorate('send', Task({ name }));
  decorate('digest', Cron('0 8 * * *', { name: name && `${name}.digest` }));
  Injectable()(Tasks);
  class Feature {}
  called(Feature, moduleName);
  Module({ providers: [Tasks] })(Feature);
  return Feature;
}

async function warnings(module: Type<unknown>): Promise<string[]> {
  await apps.boot({ imports: [apps.queue(), module] });
  return apps.lines.with('minifier');
}

it('tasks of a minified bundle are warned of once at the start, with a name and the remedies', async () => {
  expect(await warnings(bundled('e', 'aB'))).toEqual([
    expect.stringMatching(
      /^warn \[TaskQueue\] The task "aB\.send" in e .*--keep-names.*@Task\(\{ name: 'mail\.welcome' \}\)/,
    ),
  ]);
});

it.each<[string, string, string, string | undefined]>([
  ['a short class in a module that kept its name', 'PeopleModule', 'HR', undefined],
  ['a long class in a short module', 'e', 'MailTasks', undefined],
  ['tasks with names of their own', 'e', 'a', 'mail.welcome'],
])('%s causes no warning', async (_what, moduleName, className, name) => {
  expect(await warnings(bundled(moduleName, className, name))).toEqual([]);
});
