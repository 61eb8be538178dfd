import type { ComponentChildren, JSX } from 'preact';
import type { Snapshot } from '../../page/live.js';
import { Ago, Code, counted, dur, Glyph, n } from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import { adviceOf, type Finding } from './advice.js';

/** So many findings at once; the others have a line with their number. */
const MOST = 5;

/** What is wrong, worst first, and what is fine. */
export function VerdictList({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element {
  const { findings } = snapshot;
  const shown = findings.slice(0, MOST);
  const more = findings.length - shown.length;
  return (
    <ol class="verdict">
      {shown.map((finding, i) => (
        <Item key={`${finding.code} ${finding.queue ?? finding.worker ?? i}`} finding={finding} isFirst={i === 0} />
      ))}
      {more > 0 && (
        <li>
          <Glyph of="held" />
          <p>And {more} more: repair these first.</p>
        </li>
      )}
      {findings.length === 0 ? <Well snapshot={snapshot} /> : <Rest snapshot={snapshot} />}
    </ol>
  );
}

function Item({ finding, isFirst }: { readonly finding: Finding; readonly isFirst: boolean }): JSX.Element {
  const { severity, text, command } = finding;
  const { advice, label, to } = adviceOf(finding);
  const Title = isFirst ? 'h1' : 'h2';
  const typed = ['npx nestwork', ...command.map(quoted)].join(' ');
  const [first, rest] = sentences(text);
  return (
    <li>
      <Glyph of={severity === 'problem' ? 'dead' : 'held'} />
      <div>
        <Title>{first}</Title>
        <p>
          {rest && `${rest} `}
          {advice && <b>{advice} </b>}
          <Code copy={typed}>{typed}</Code>
        </p>
      </div>
      <div class="do">
        <a class={`btn ${isFirst && severity === 'problem' ? 'main' : ''}`} href={to}>
          {label}
        </a>
      </div>
    </li>
  );
}

/** The first sentence is the heading. A name may have a dot in it, a sentence ends before a space. */
function sentences(text: string): readonly [string, string] {
  const end = text.search(/\.\s/);
  return end < 0 ? [text, ''] : [text.slice(0, end + 1), text.slice(end + 2)];
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function Fine({ title, children }: { readonly title?: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <li>
      <Glyph of="done" />
      <div>
        {title && <h1>{title}</h1>}
        <p>{children}</p>
      </div>
    </li>
  );
}

/** The numbers that somebody would ask for. */
function Well({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element {
  const { queues, workers, crons, dead, latencyMs } = snapshot;
  const slowest = queues.reduce<Snapshot['queues'][number] | undefined>(
    (before, queue) => (queue.waitingMs > (before?.waitingMs ?? 0) ? queue : before),
    undefined,
  );
  const children = workers.reduce((sum, worker) => sum + worker.children.length, 0);
  return (
    <Fine title="All is well.">
      {counted(queues.length, 'queue')}, and{' '}
      {slowest ? (
        <>
          the task that waits longest has waited for {dur(slowest.waitingMs)}, in{' '}
          <a href={href('queue', slowest.queue)}>{slowest.queue}</a>
        </>
      ) : (
        'no task waits'
      )}
      . {counted(workers.length, 'worker')} with {counted(children, 'child', 'children')},{' '}
      {counted(crons.length, 'cron')}.{' '}
      {dead.total === 0 ? 'No task is dead.' : 'No task has died within the last hour.'} Redis answers in{' '}
      {dur(latencyMs)}.
    </Fine>
  );
}

function Rest({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element | null {
  const { findings, queues, workers, crons, latencyMs } = snapshot;
  const bad = (name: 'queue' | 'worker'): Set<string | undefined> => new Set(findings.map((finding) => finding[name]));
  const [badQueues, badWorkers] = [bad('queue'), bad('worker')];
  const isAlone = findings.some(({ code }) => code === 'no-worker');
  const fine = isAlone ? [] : queues.filter(({ queue }) => !badQueues.has(queue));
  const whole = workers.filter(({ id }) => !badWorkers.has(id));
  const children = whole.reduce((sum, worker) => sum + worker.children.length, 0);
  const running = crons.filter(({ paused, disabled }) => !paused && !disabled).length;
  const parts = [
    fine.length > 0 && counted(fine.length, 'queue'),
    whole.length > 0 && `${counted(whole.length, 'worker')} with ${counted(children, 'child', 'children')}`,
    running > 0 &&
      (running === crons.length ? counted(running, 'cron') : `${n(running)} of ${counted(crons.length, 'cron')}`),
  ].filter(Boolean);
  return (
    <Fine>
      {parts.length > 0 && `The rest is as it should be: ${parts.join(', ')}. `}
      Redis answers in {dur(latencyMs)}. Looked at <Ago at={snapshot.at} form="sec" />.
    </Fine>
  );
}
