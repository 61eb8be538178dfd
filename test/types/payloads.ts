/** Payloads and enhancers that the compiler must accept, and others that it must refuse; `tsc --noEmit` is the test. Nothing here runs. */
import { type ExecutionContext, Injectable, ParseIntPipe, ValidationPipe } from '@nestjs/common';
import * as v from 'valibot';
import { z } from 'zod';
import {
  type InvalidPayloadError,
  Payload,
  type PayloadOf,
  type QueueClient,
  type StandardSchema,
  Task,
  TaskExecutionContext,
  type TaskInfo,
  TaskQueueModule,
  type TaskSender,
} from '../../src/index.js';

const Reminder = z.object({ at: z.iso.datetime().transform((text) => new Date(text)), note: z.string().default('') });
const Page = v.pipe(v.string(), v.transform(Number));

class WelcomeDto {
  email!: string;
}

@Injectable()
class MailTasks {
  @Task()
  remind(@Payload({ schema: Reminder }) reminder: PayloadOf<typeof Reminder>, _urgent?: boolean): void {
    const at: Date = reminder.at;
    const note: string = reminder.note;
    at.toISOString().concat(note);
    // @ts-expect-error the schema makes no such property
    reminder.when;
  }

  @Task()
  page(_first: string, @Payload({ schema: Page }) page?: PayloadOf<typeof Page>): void {
    const number: number | undefined = page;
    number?.toFixed();
  }

  @Task()
  pages(..._pages: PayloadOf<typeof Page>[]): void {}

  @Task()
  either(_reminder: PayloadOf<typeof Reminder> | null): void {}

  @Task()
  plain(@Payload({ schema: Page }) _page: number): void {}

  @Task()
  welcome(
    @Payload(new ValidationPipe()) _user: WelcomeDto,
    @Payload(ParseIntPipe, new ValidationPipe()) _n: number,
  ): void {}

  @Task()
  piped(@Payload({ pipes: [ParseIntPipe] }) _n: number, @Payload() _anything: unknown): void {}
}

export async function accepted(queue: QueueClient, context: ExecutionContext): Promise<void> {
  const mails = queue.of(MailTasks);
  const remind: TaskSender<[reminder: { at: string; note?: string }, urgent?: boolean]> = mails.remind;
  await remind.delay({ at: '2031-05-01T08:00:00Z' });
  await mails.remind.delay({ at: '2031-05-01T08:00:00Z', note: 'now' }, true);
  await mails.remind.with({ delay: '1m' }).delayMany([[{ at: '2031-05-01T08:00:00Z' }]]);
  await queue.task(MailTasks.prototype.remind).delay({ at: '2031-05-01T08:00:00Z' });
  await mails.page.delay('a');
  await mails.page.delay('a', '7');
  await mails.pages.delay('1', '2');
  await mails.either.delay(null);
  await mails.either.delay({ at: '2031-05-01T08:00:00Z' });
  // without PayloadOf the type of the parameter counts
  await mails.plain.delay(7);
  await mails.welcome.delay({ email: 'a' }, 7);

  const schemas: StandardSchema[] = [Reminder, Page];
  schemas.map((schema) => schema['~standard'].vendor);
  const own = TaskExecutionContext.create(context);
  const task: TaskInfo = own.getTask();
  const type: 'task' | 'http' | 'ws' | 'rpc' = own.getType();
  const [user, age] = own.getArgs<[string, number]>();
  type.concat(task.name, user.trim(), age.toFixed());
  own.getHandler().name.concat(own.getClass().name);
  const nest: ExecutionContext = own;
  nest.getType();
}

export async function refused(queue: QueueClient, error: InvalidPayloadError): Promise<void> {
  const mails = queue.of(MailTasks);
  // @ts-expect-error the schema takes a string
  await mails.remind.delay({ at: new Date() });
  // @ts-expect-error a property is missing
  await mails.remind.delay({ note: 'now' });
  // @ts-expect-error a property of another type
  await mails.remind.delay({ at: '2031-05-01T08:00:00Z', note: 7 });
  // @ts-expect-error the schema takes a string, by method as well
  await queue.task(MailTasks.prototype.remind).delay({ at: new Date() });
  // @ts-expect-error the schema takes a string, also in an optional parameter
  await mails.page.delay('a', 7);
  // @ts-expect-error the schema takes strings, also as the rest
  await mails.pages.delay(1);
  // @ts-expect-error the schema takes a string, also in a union
  await mails.either.delay({ at: new Date() });
  // @ts-expect-error no property to write
  error.problems[0].path = '';
  // @ts-expect-error not a schema
  Payload({ schema: { parse: (text: string) => text } });
  // @ts-expect-error not a pipe
  Payload(new WelcomeDto());
  // @ts-expect-error no such kind of enhancer
  TaskQueueModule.forRoot({ applyGlobalEnhancers: { middleware: true } });
  TaskQueueModule.forRoot({ applyGlobalEnhancers: { guards: true, pipes: false } });
  TaskQueueModule.forRoot({ applyGlobalEnhancers: true });
}
