import { Injectable } from '@nestjs/common';
import { Task } from 'nestwork';
import type { Mail } from '../harness/producer.js';
import { taskKinds } from '../harness/task-kinds.js';

/** Only a worker makes an instance. */
@Injectable()
export class BenchTasks {
  private readonly kinds = taskKinds();

  @Task()
  ping(mail: Mail): Promise<void> {
    return this.kinds.ping(mail);
  }

  @Task()
  wait(mail: Mail): Promise<void> {
    return this.kinds.wait(mail);
  }

  @Task()
  stamp(mail: Mail): Promise<void> {
    return this.kinds.stamp(mail);
  }
}
