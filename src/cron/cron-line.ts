import type { CronDeclaration } from './cron-definition.js';

/** Which crons set at run time: those of one task in one queue. */
export interface CronLine {
  readonly queue: string;
  readonly task: string;
}

/** The line of a cron. */
export function lineFor({ queue, name, task = name }: Pick<CronDeclaration, 'queue' | 'name' | 'task'>): CronLine {
  return { queue, task };
}

/** As the keys and the sets have it. */
export function lineText({ queue, task }: CronLine): string {
  return `${queue} ${task}`;
}

/** Back from its text. */
export function lineOf(text: string): CronLine {
  const [queue = '', task = ''] = text.split(' ');
  return { queue, task };
}
