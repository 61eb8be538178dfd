import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Task, TaskContext } from 'nestwork';
import { monotonicMs } from '../harness/clock.js';
import { Reporter } from '../harness/sightings.js';

/** Tasks that report when they start and end. */
@Injectable()
export class ProbeTasks implements OnApplicationBootstrap {
  private readonly reporter = new Reporter();

  constructor(private readonly context: TaskContext) {}

  onApplicationBootstrap(): void {
    this.reporter.report('boot', 0, monotonicMs());
  }

  /** Waits, at its first attempt, for the end of its process. */
  @Task()
  async doomed(number: number): Promise<void> {
    const { attempt } = this.context;
    this.reporter.report(attempt === 1 ? 'doomed' : 'rescued', number, monotonicMs());
    if (attempt === 1) await new Promise(() => {});
  }

  /** Takes so long, for an answer or of the processor. */
  @Task()
  async take(number: number, ms: number, blocks: boolean): Promise<void> {
    const from = monotonicMs();
    this.reporter.report('start', number, from);
    if (blocks) while (monotonicMs() - from < ms);
    else await delay(ms);
    this.reporter.report('end', number, monotonicMs());
  }
}
