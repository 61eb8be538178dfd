/** Situation: a filter that returns does not make a success of a failure; others translate it, or drop the task. */
import assert from 'node:assert/strict';
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  type INestApplicationContext,
  Injectable,
  Module,
  UseFilters,
} from '@nestjs/common';
import { DeadLetters, DropTask, QueueClient, Task, TaskExecutionContext, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const noted: string[] = [];

class AccountClosed extends Error {}
class DriverError extends Error {}

@Catch()
class Note implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): { statusCode: number } {
    noted.push(`${TaskExecutionContext.create(host).getTask().name}: ${error.message}`);
    return { statusCode: 200 };
  }
}

@Catch(AccountClosed)
class DropClosedAccounts implements ExceptionFilter {
  catch(error: AccountClosed): never {
    throw new DropTask(error.message);
  }
}

@Catch(DriverError)
class InPlainWords implements ExceptionFilter {
  catch(): never {
    throw new Error('the printer is off');
  }
}

@Injectable()
@UseFilters(Note)
class AccountTasks {
  @Task()
  charge(): void {
    throw new Error('card expired');
  }

  @Task()
  @UseFilters(DropClosedAccounts, InPlainWords)
  print(account: number): void {
    throw account === 0 ? new AccountClosed('closed in May') : new DriverError('0x1F');
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [AccountTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { charge, print } = app.get(QueueClient).of(AccountTasks);
  await charge.delay();
  await print.delayMany([[0], [1]]);
  await drainTasks(app);
  const { tasks } = await app.get(DeadLetters).list({}, { order: 'oldest' });
  assert.deepEqual(
    tasks.map(({ task, error }) => [task, error]),
    [
      ['AccountTasks.charge', 'Error: card expired'],
      ['AccountTasks.print', 'Error: the printer is off (caused by Error: 0x1F)'],
    ],
  );
  assert.deepEqual(noted, ['AccountTasks.charge: card expired']);
}
