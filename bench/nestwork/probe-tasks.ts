import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Task, TaskContext } from 'nestwork';
import { monotonicMs } from '../harness/clock.js';
import { Teller } from '../harness/sightings.js';

/** Tasks that tell when they start and end. */
@Injectable()
export class ProbeTasks implements OnApplicationBootstrap {
  private readonly teller = new Teller();

  constructor(private readonly context: TaskContext) {}

  onApplicationBootstrap(): void {
    this.teller.tell('boot', 0, monotonicMs());
  }

  /** Waits, at its first attempt, for the end of its process. */
  @Task()
  async doomed(number: number): Promise<void> {
    const { attempt } = this.context;
    this.teller.tell(attempt === 1 ? 'doomed' : 'rescued', number, monotonicMs());
    if (attempt === 1) await new Promise(() => {});
  }

  /** Takes so long, for an answer or of the processor. */
  @Task()
  async take(number: number, ms: number, blocks: boolean): Promise<void> {
    const from = monotonicMs();
    this.teller.tell('start', number, from);
    if (blocks) while (monotonicMs() - from < ms);
    else await delay(ms);
    this.teller.tell('end', number, monotonicMs());
  }
}
