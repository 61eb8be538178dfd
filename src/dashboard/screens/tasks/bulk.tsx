import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type ApiError, type BulkProgress, type BulkResult, bulk } from '../../page/api.js';
import { ask, Bar, BulkFrame, Do, n, type Question } from '../../page/parts/index.js';
import type { DashboardAction } from '../../page/session.js';
import { TimeFields, timeOf } from './new-time.js';
import type { RowState, TaskRow } from './wire.js';

interface Choice {
  readonly words: string;
  readonly right: DashboardAction;
  readonly path: string;
  /** the states in which something can be done */
  readonly states: readonly RowState[];
  readonly past: string;
  readonly lines: readonly string[];
  readonly isGrave?: boolean;
  readonly asksTime?: boolean;
}

const LIVING: readonly RowState[] = ['pending', 'quarantined', 'scheduled', 'active'];

const CHOICES: readonly Choice[] = [
  {
    words: 'Run now',
    right: 'reschedule',
    path: 'tasks/run',
    states: ['scheduled'],
    past: 'Moved',
    lines: ['They go to the tail of their queues, and run as soon as a child is free.'],
  },
  {
    words: 'Move to',
    right: 'reschedule',
    path: 'tasks/move',
    states: ['scheduled'],
    past: 'Moved',
    lines: ['All get the same time. `expires` counts from it.'],
    asksTime: true,
  },
  {
    words: 'Cancel',
    right: 'cancel',
    path: 'tasks/cancel',
    states: LIVING,
    past: 'Cancelled',
    lines: ['They never run again: nothing brings them back.', 'One that a child has claimed by then is aborted.'],
    isGrave: true,
  },
  {
    words: 'Redrive',
    right: 'redrive',
    path: 'dead/redrive-many',
    states: ['dead'],
    past: 'Redriven',
    lines: ['They go to the tail of their queues. Their attempts count from one.'],
  },
  {
    words: 'Delete',
    right: 'delete',
    path: 'dead/delete-many',
    states: ['dead'],
    past: 'Deleted',
    lines: ['They are gone for ever.'],
    isGrave: true,
  },
];

type Step =
  | { readonly is: 'choose' }
  | { readonly is: 'run'; readonly choice: Choice; readonly total: number; readonly progress: BulkProgress }
  | { readonly is: 'end'; readonly text: string; readonly isFailure: boolean };

interface TaskBulkProps {
  readonly rows: readonly TaskRow[];
  readonly selected: ReadonlySet<string>;
  readonly clear: () => void;
}

const tasks = (count: number): string => `${n(count)} ${count === 1 ? 'task' : 'tasks'}`;

/** What can be done to the selected tasks; then how far it is, and how it ended. */
export function TaskBulk({ rows, selected, clear }: TaskBulkProps): JSX.Element | null {
  const [step, setStep] = useState<Step>({ is: 'choose' });
  const running = useRef<AbortController>(undefined);
  const chosen = rows.filter(({ id }) => selected.has(id));
  if (chosen.length === 0 && step.is === 'choose') return null;

  const start = async (choice: Choice): Promise<void> => {
    const fitting = chosen.filter(({ state }) => choice.states.includes(state));
    const question = questionOf(choice, fitting, chosen.length);
    const fields = await ask(question);
    if (!fields) return;
    const body = { ids: fitting.map(({ id }) => id), ...(choice.asksTime && timeOf(fields)) };
    const total = fitting.length;
    const control = new AbortController();
    running.current = control;
    let handled = 0;
    const onProgress = (progress: BulkProgress): void => {
      handled = progress.handled;
      setStep({ is: 'run', choice, total, progress });
    };
    onProgress({ handled: 0 });
    try {
      const result = await bulk(choice.path, body, { onProgress, signal: control.signal });
      setStep({ is: 'end', text: resultOf(choice, result, total), isFailure: false });
      clear();
    } catch (error) {
      const { name, message } = error as ApiError;
      const text =
        name === 'AbortError' ? `Stopped after ${n(handled)} of ${tasks(total)}. The rest is as it was.` : message;
      setStep({ is: 'end', text, isFailure: name !== 'AbortError' });
    }
  };

  if (step.is === 'run') {
    const { choice, total, progress } = step;
    return (
      <BulkFrame label="Selected tasks">
        <b role="status">
          {choice.past} {n(progress.handled)} of {n(total)}
        </b>
        <Bar part={progress.handled / total} label={choice.words} />
        <span class="grow" />
        <button type="button" onClick={() => running.current?.abort()}>
          Stop here
        </button>
      </BulkFrame>
    );
  }
  if (step.is === 'end') {
    return (
      <BulkFrame label="Selected tasks">
        <b class={step.isFailure ? 'failure grow' : 'grow'} role="status">
          {step.text}
        </b>
        <button type="button" onClick={() => setStep({ is: 'choose' })}>
          Done
        </button>
      </BulkFrame>
    );
  }
  return (
    <BulkFrame label="Selected tasks">
      <b class="grow">{n(chosen.length)} selected</b>
      <button type="button" class="bare" onClick={clear}>
        Clear
      </button>
      {CHOICES.filter(({ states }) => chosen.some(({ state }) => states.includes(state))).map((choice) => (
        <Do
          key={choice.words}
          right={choice.right}
          run={() => start(choice)}
          {...(choice.isGrave && { kind: 'grave' as const })}
          {...(choice.words === 'Cancel' && { letter: 'x' })}
        >
          {choice.words}…
        </Do>
      ))}
    </BulkFrame>
  );
}

function questionOf(choice: Choice, fitting: readonly TaskRow[], all: number): Question {
  const counts = new Map<RowState, number>();
  for (const { state } of fitting) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${n(count)} ${state}`).join(', ');
  const others = all - fitting.length;
  const isMany = choice.words === 'Delete' && fitting.length >= 100;
  return {
    title: `${choice.words} ${tasks(fitting.length)}?`,
    lines: [`${states}.${others > 0 ? ` ${tasks(others)} of another state stay as they are.` : ''}`, ...choice.lines],
    main: `${choice.words} ${tasks(fitting.length)}`,
    grave: choice.isGrave ?? false,
    typed: isMany ? String(fitting.length) : undefined,
    ...(choice.asksTime && { body: <TimeFields />, run: timeOf }),
  };
}

function resultOf({ past }: Choice, { count, skipped = {} }: BulkResult, total: number): string {
  const others = Object.entries(skipped).map(([why, many]) => `${n(many)} ${why}`);
  return `${past} ${n(count)} of ${tasks(total)}.${others.length > 0 ? ` Left: ${others.join(', ')}.` : ''}`;
}
