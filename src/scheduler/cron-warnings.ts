import type { CronRun, LiveCrons } from '../broker/broker.js';
import type { CronDeclaration, CronSchedule } from '../task/cron-definition.js';

/** What a scheduler warns of, each once in its life. */
export class CronWarnings {
  private readonly told = new Set<string>();

  constructor(private readonly warn: (what: string) => void) {}

  /** Of crons that other live workers declare differently. */
  differences(own: readonly CronDeclaration[], live: readonly LiveCrons[]): void {
    for (const { host, pid, crons } of live) {
      for (const cron of own) {
        const other = crons.find(({ name }) => name === cron.name);
        const difference = other && differenceOf(cron, other);
        if (difference) this.different(cron.name, difference, `${host}, pid ${pid}`);
      }
    }
  }

  private different(name: string, { here, there }: Difference, place: string): void {
    this.once(
      `${name} ${there}`,
      `Cron "${name}" is declared with ${here} here and with ${there} by another worker (${place}): each fires it as it declares it. ` +
        'In a deployment this ends with the last old worker. Else give both the same `timeZone` or `TZ`, or each its own name.',
    );
  }

  /** Of a cron that takes longer than the time to its next run, and whose runs have begun to wait for each other. */
  slow({ name, queue, overlap }: CronDeclaration, intervalMs: number, run: CronRun | undefined): void {
    const { durationMs = 0, waitedMs = 0 } = run ?? {};
    if (overlap === 'skip' || Math.min(durationMs, waitedMs) <= intervalMs) return;
    this.once(
      name,
      `Cron "${name}" is slower than it is due: a run waited ${seconds(waitedMs)} in queue "${queue}" and took ${seconds(durationMs)}, and the ` +
        `next is due ${seconds(intervalMs)} after it. Its runs pile up. Let it run less often, leave runs out with \`overlap: 'skip'\`, or ` +
        'start more children.',
    );
  }

  overflow({ name }: CronDeclaration, most: number): void {
    this.warn(`Cron "${name}" missed more than ${most} runs; only the latest ${most} are made up for.`);
  }

  moved({ name, queue }: CronDeclaration, from: string): void {
    this.warn(
      `A run of cron "${name}" waited in queue "${from}", which no worker serves, and others were left out because of it. It is in queue "${queue}" now.`,
    );
  }

  private once(about: string, what: string): void {
    if (this.told.has(about)) return;
    this.told.add(about);
    this.warn(what);
  }
}

interface Difference {
  readonly here: string;
  readonly there: string;
}

const COMPARED = ['queue', 'missed', 'thresholdMs', 'overlap'] as const;

function differenceOf(one: CronDeclaration, other: CronDeclaration): Difference | undefined {
  const [here, there] = [shown(one.schedule), shown(other.schedule)];
  if (here !== there) return { here, there };
  const option = COMPARED.find((name) => one[name] !== other[name]);
  return option && { here: `\`${option}\` ${one[option]}`, there: `\`${option}\` ${other[option]}` };
}

function shown(schedule: CronSchedule): string {
  if ('everyMs' in schedule) return `an interval of ${schedule.everyMs} ms`;
  if ('at' in schedule) return `the time ${new Date(schedule.at).toISOString()}`;
  const { expression, timeZone, utcOffset } = schedule;
  return `"${expression}" in ${utcOffset === undefined ? timeZone : `UTC and ${utcOffset} minutes`}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
