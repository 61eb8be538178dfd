import { Injectable } from '@nestjs/common';
import { Task } from 'nestwork';

export interface Part {
  readonly id: number;
  readonly words: number;
}

@Injectable()
export class PartTasks {
  @Task({ result: '1h' })
  async extract(id: number): Promise<Part> {
    return { id, words: 0 };
  }

  @Task()
  async sum(a: number, b: number): Promise<number> {
    return a + b;
  }
}
