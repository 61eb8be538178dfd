import { Injectable } from '@nestjs/common';
import { type BatchStatus, Task } from 'nestwork';
import type { Part } from './part.tasks.js';

@Injectable()
export class BatchTasks {
  @Task()
  async report({ name, done, total }: BatchStatus): Promise<string> {
    return `${name}: ${done} of ${total}`;
  }

  @Task()
  async alarm({ name, culprit }: BatchStatus): Promise<string> {
    return `${name}: ${culprit?.task}`;
  }
}

@Injectable()
export class FlowTasks {
  @Task({ result: '1h' })
  async merge(parts: readonly Part[]): Promise<string> {
    return parts.map(({ id }) => `part ${id}`).join('\n');
  }

  @Task({ result: '1h' })
  async translate(text: string): Promise<string> {
    return text.toUpperCase();
  }

  @Task()
  async index(text: string): Promise<number> {
    return text.length;
  }
}
