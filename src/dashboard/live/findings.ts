import type { StatusFinding, StatusReport } from '../../inspector/status/status-report.js';
import { counted } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import { quoted } from '../../values/shell-word.js';
import { timeLength } from '../../values/time-length.js';
import type { FindingView, Link } from './snapshot.js';

/** How the page words a finding: its kind in a few words for the tab, what to do, and which page shows more. */
interface Advice {
  /** without numbers, so that they change only when something else is wrong */
  readonly brief: string;
  readonly advice?: string;
  readonly link: Link;
}

/** What the page shows of a finding. */
export function findingView(finding: StatusFinding, { closedLimits }: Pick<StatusReport, 'closedLimits'>): FindingView {
  const { code, severity, queue, worker } = finding;
  const { text, command } = withoutKeys(finding, closedLimits);
  const [title, rest] = sentences(text);
  const typed = ['npx nestwork', ...command.map(quoted)].join(' ');
  return {
    code,
    state: severity === 'problem' ? 'dead' : 'held',
    text,
    title,
    rest,
    typed,
    queue,
    worker,
    ...adviceOn(finding),
  };
}

/** All who look get the same, and not all may see keys of limits: where only keys are set to 0, they are counted. */
function withoutKeys(
  { code, limit = '', text, command }: StatusFinding,
  closed: StatusReport['closedLimits'],
): Pick<StatusFinding, 'text' | 'command'> {
  const of = closed.filter(({ name }) => name === limit);
  if (code !== 'limit-closed' || of.some(({ key }) => key === undefined)) return { text, command };
  const keys = `${counted(of.length, 'key')}: nothing starts with ${of.length === 1 ? 'it' : 'them'}`;
  return {
    text: `The limit ${printable(limit)} is set to 0 for ${keys}.`,
    command: ['limits', 'show', limit, '--keys'],
  };
}

/** The first sentence is the heading. A name may have a dot in it, a sentence ends before a space. */
function sentences(text: string): readonly [string, string] {
  const end = text.search(/\.\s/);
  return end < 0 ? [text, ''] : [text.slice(0, end + 1), text.slice(end + 2)];
}

function adviceOn({ code, queue = '', worker, limit = '' }: StatusFinding): Advice {
  const workers: Link = { label: 'Look at the workers', to: worker === undefined ? ['workers'] : ['workers', worker] };
  const ofQueue: Link = { label: `Look at ${queue}`, to: ['queue', queue] };
  switch (code) {
    case 'no-worker':
      return {
        brief: 'no worker runs',
        advice: 'Nothing is lost: tasks wait in Redis until a worker starts.',
        link: workers,
      };
    case 'queue-unserved':
      return {
        brief: `${queue}: nobody consumes`,
        advice: `Start a worker that serves ${queue}. Nothing is lost: its tasks wait in Redis.`,
        link: ofQueue,
      };
    case 'queue-late':
      return {
        brief: `${queue}: tasks are late`,
        advice: 'Look at what its children do; more of them make it faster.',
        link: ofQueue,
      };
    case 'memory-short':
      return {
        brief: 'Redis is nearly full',
        advice: 'Give it more memory, or delete what nobody needs.',
        link: { label: 'Look at dead tasks', to: ['dead'] },
      };
    case 'dead-tasks':
      return {
        brief: 'tasks die',
        advice: 'Repair the error first: tasks that are redriven before that die again.',
        link: { label: 'Look at the errors', to: ['dead', undefined, { since: '1h' }] },
      };
    case 'worker-crashing':
      return {
        brief: 'children crash',
        advice: 'Look at why its children end. Tasks that ran in them run again, alone.',
        link: workers,
      };
    case 'outbox-unrelayed':
      return { brief: 'an outbox has no relay', link: workers };
    case 'outbox-late':
      return { brief: 'an outbox is late', link: workers };
    case 'outbox-aside':
      return { brief: 'rows of an outbox were put aside', link: workers };
    case 'queue-paused':
      return { brief: `${queue} is paused`, link: ofQueue };
    case 'cron-paused':
      return { brief: 'crons are paused', link: { label: 'Look at the crons', to: ['crons'] } };
    case 'cron-slow':
      return {
        brief: 'crons are slower than they are due',
        advice: 'Let them run less often, or make them faster.',
        link: { label: 'Look at the crons', to: ['crons'] },
      };
    case 'limit-closed':
      return { brief: `${limit} is set to 0`, link: { label: `Look at ${limit}`, to: ['limits', limit] } };
    case 'worker-quiet':
      return { brief: 'a worker is quiet', link: workers };
    case 'worker-stopping':
      return { brief: 'a worker stops', link: workers };
    case 'worker-silent':
      return { brief: 'a worker says nothing', link: workers };
  }
}

type Facts = Pick<StatusReport, 'findings' | 'queues' | 'workers' | 'crons' | 'dead'>;

/** What is well, as pieces of a sentence: each second one is the name of a queue. */
export function wellOf(facts: Facts): readonly string[] {
  return facts.findings.length === 0 ? allOf(facts) : restOf(facts);
}

/** The numbers that somebody would ask for. */
function allOf({ queues, workers, crons, dead }: Facts): readonly string[] {
  const [slowest] = queues.filter(({ waitingMs }) => waitingMs > 0).sort((a, b) => b.waitingMs - a.waitingMs);
  const deaths = dead.total === 0 ? 'No task is dead.' : 'None of the dead tasks died within the last hour.';
  const rest = `. ${workersOf(workers)}, ${counted(crons.length, 'cron')}. ${deaths}`;
  const known = counted(queues.length, 'queue');
  if (!slowest) return [`${known}, and no task waits${rest}`];
  const waits = `and the task that waits longest has waited for ${timeLength(slowest.waitingMs)}, in `;
  return [`${known}, ${waits}`, slowest.queue, rest];
}

function restOf({ findings, queues, workers }: Facts): readonly string[] {
  const isAlone = findings.some(({ code }) => code === 'no-worker');
  const fine = queues.filter(({ queue }) => !isAlone && !findings.some((finding) => finding.queue === queue));
  const whole = workers.filter(({ id }) => !findings.some(({ worker }) => worker === id));
  const parts = [fine.length > 0 && counted(fine.length, 'queue'), whole.length > 0 && workersOf(whole)].filter(
    Boolean,
  );
  return parts.length === 0 ? [] : [`The rest is as it should be: ${parts.join(', ')}.`];
}

function workersOf(workers: StatusReport['workers']): string {
  const children = workers.reduce((sum, worker) => sum + worker.children.length, 0);
  return `${counted(workers.length, 'worker')} with ${counted(children, 'child', 'children')}`;
}
