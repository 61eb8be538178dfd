import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { act, get, useRead } from '../../page/api.js';
import {
  Ago,
  ArgumentsBox,
  askFirst,
  Bar,
  Code,
  clock,
  copy,
  Do,
  dur,
  Fact,
  Glyph,
  Head,
  Loaded,
  now,
  QueueLink,
  Stack,
  type StateName,
} from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import { heading, type Screen } from '../../page/screen.js';
import { useCell } from '../../page/store.js';
import { redriveEdited } from '../dead/edit.js';
import { TimeFields, timeOf } from '../tasks/new-time.js';
import { lifeOf } from './life.js';
import type { TaskView, TimelineEvent } from './wire.js';

const GLYPHS: Readonly<Record<string, StateName>> = {
  waiting: 'pending',
  quarantined: 'held',
  dropped: 'cancelled',
  unknown: 'pending',
};
const WAITS = ['waiting', 'pending', 'quarantined', 'scheduled', 'active'];

function Task(): JSX.Element {
  const { arg = '' } = usePlace();
  const [isLong, setLong] = useState(false);
  const view = useRead<TaskView>('task', { id: arg, long: isLong ? 1 : undefined }, { everyMs: 1_500 });
  const long = isLong ? undefined : () => setLong(true);
  const name = view.data?.task.task;
  useEffect(() => {
    heading.set(name);
    return () => heading.set(undefined);
  }, [name]);
  return (
    <Loaded of={view}>
      {(data) => (
        <>
          <Now view={data} />
          <Life view={data} />
          <div class="cols cols-task">
            <section aria-label="Timeline">
              <Timeline view={data} />
            </section>
            <section aria-label="Facts">
              <Why view={data} />
              <ArgumentsBox
                title="Arguments"
                of={data.arguments}
                long={long}
                copy={() => copyOf('tasks/editable', data.task.id)}
              />
              {data.result && <ArgumentsBox title="Result" of={data.result} long={long} />}
              <Options view={data} />
            </section>
          </div>
        </>
      )}
    </Loaded>
  );
}

function Now({ view }: { readonly view: TaskView }): JSX.Element {
  const { task, code, pause, limits } = view;
  const { id, state, queue, attempt } = task;
  const isHeld = task.heldBack || (state === 'pending' && pause);
  const glyph = isHeld ? 'held' : (GLYPHS[state] ?? (state as StateName));
  const since = state === 'active' ? task.startedAt : state === 'pending' ? task.enqueuedAt : undefined;
  const word = isHeld ? 'held back' : code === 'cancelling' ? 'is being stopped' : state;
  return (
    <Head
      title={
        <>
          <Glyph of={glyph} />
          {task.task ?? (queue === undefined ? 'Redis has no name of it' : 'No task: foreign bytes')}
          <span class={`st ${GLYPHS[glyph] ?? glyph}`}>{word}</span>
        </>
      }
      facts={
        <>
          <Code copy={id}>{id}</Code>
          {queue !== undefined && (
            <Fact name="queue">
              <QueueLink of={queue} />
            </Fact>
          )}
          {task.partOf && (
            <Fact name={task.partOf.kind}>
              <a href={href('groups', task.partOf.id)}>{task.partOf.name || task.partOf.id}</a>
            </Fact>
          )}
          {limits.map(({ name, key }) => (
            <Fact key={name} name="limit">
              <a href={href('limits', name, { key })}>{name}</a>
            </Fact>
          ))}
          {attempt !== undefined && <Fact name="attempt">{attempt}</Fact>}
          {since && (
            <Fact name={state === 'active' ? 'runs for' : 'waits for'}>
              <Ago at={since} form="for" />
            </Fact>
          )}
          {task.dueAt && (
            <Fact name="due">
              <Ago at={task.dueAt} />
            </Fact>
          )}
          {task.expiresAt && (
            <Fact name="expires">
              <Ago at={task.expiresAt} />
            </Fact>
          )}
        </>
      }
    >
      <Actions view={view} />
    </Head>
  );
}

function Actions({ view: { task, off } }: { readonly view: TaskView }): JSX.Element {
  const { id, state, task: name, queue = '' } = task;
  const first = (path: string) => () => askFirst(path, { id });
  return (
    <>
      <Do off={off.arguments} run={() => copyOf('task/code', id)}>
        Copy as code
      </Do>
      {state === 'dead' ? (
        <>
          <Do
            right="redrive-edited"
            letter="e"
            off={off.arguments}
            run={() => redriveEdited({ id, task: name, queue })}
          >
            Redrive edited…
          </Do>
          <Do right="redrive" kind="main" run={first('dead/redrive')}>
            Redrive…
          </Do>
          <Do right="delete" kind="grave" run={first('dead/delete')}>
            Delete…
          </Do>
        </>
      ) : (
        <>
          <Do right="reschedule" off={off.time} run={() => act('task/run', { id })}>
            Run now
          </Do>
          <Do
            right="reschedule"
            off={off.time}
            run={() =>
              askFirst(
                'task/move',
                { id },
                { body: <TimeFields />, run: (fields) => act('task/move', { id, ...timeOf(fields) }) },
              )
            }
          >
            Move…
          </Do>
          <Do right="cancel" kind="grave" letter="x" off={off.cancel} run={first('task/cancel')}>
            Cancel…
          </Do>
        </>
      )}
    </>
  );
}

/** Copies a text of the task that only the server can write. */
async function copyOf(path: string, id: string): Promise<void> {
  const { code, text = code } = await get<{ code?: string; text?: string }>(path, { id });
  await copy(text ?? '');
}

function Life({ view }: { readonly view: TaskView }): JSX.Element | null {
  const present = useCell(now);
  const parts = lifeOf(view.events, present);
  const from = view.events[0]?.at;
  if (parts.length === 0 || from === undefined || from > present) return null;
  const label = parts.map(({ word, ms }) => `${word} ${dur(ms)}`).join(', ');
  return (
    <div class="life">
      <div class="lane" role="img" aria-label={label}>
        {parts.map(({ glyph, word, ms }, i) => (
          <div key={i} class={`seg ${glyph === 'retry' ? 'held' : glyph}`} style={{ flex: `${ms} 1 0` }}>
            {word} {dur(ms)}
          </div>
        ))}
      </div>
      <div class="x">
        <span>
          <Ago at={from} form="sec" />
        </span>
        <span>{WAITS.includes(view.task.state) ? 'now' : ''}</span>
      </div>
    </div>
  );
}

function Timeline({ view }: { readonly view: TaskView }): JSX.Element {
  const { events } = view;
  const { progress, log } = view.task;
  const hasNow = events.some(({ isNow }) => isNow);
  return (
    <ol class="tl">
      {events.map((event, i) => (
        <Event key={i} event={event}>
          {event.isNow && <Notes view={view} />}
        </Event>
      ))}
      {!hasNow && (progress || log.length > 0) && (
        <Event event={{ at: undefined, glyph: 'quiet', title: 'Noted' }}>
          <Notes view={view} />
        </Event>
      )}
      {events.length === 0 && log.length === 0 && (
        <Event event={{ at: undefined, glyph: 'quiet', title: 'Redis has nothing of its way.' }} />
      )}
    </ol>
  );
}

function Event({
  event: { at, glyph, title, rest, error },
  children,
}: {
  readonly event: TimelineEvent;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <li>
      <span class="at">{at !== undefined && <Ago at={at} form="sec" />}</span>
      <Glyph of={glyph} />
      <div class="what">
        <b>{title}</b> {rest && <span class="dim">{rest}</span>}
        {error && <Stack text={error} />}
        {children}
      </div>
    </li>
  );
}

/** Progress and log. */
function Notes({ view }: { readonly view: TaskView }): JSX.Element {
  const { progress, log } = view.task;
  return (
    <>
      {progress && (
        <div class="prog">
          <Bar part={progress.value} state="active" label="Progress" />
          <small>
            {Math.round(progress.value * 100)} % {progress.message}
          </small>
        </div>
      )}
      {log.length > 0 && (
        <Code block>
          {log.map(({ at, message }, i) => (
            <span key={i}>
              <span class="l">{clock(at)}</span> {message}
              {'\n'}
            </span>
          ))}
        </Code>
      )}
    </>
  );
}

/** A sentence, in which the name of a limit leads to its page. */
function linked(sentence = '', limits: TaskView['limits']): ComponentChildren {
  for (const { name, key, words } of limits) {
    const at = sentence.indexOf(`${words} `);
    if (at < 0) continue;
    return (
      <>
        {sentence.slice(0, at)}
        <a class="link" href={href('limits', name, { key })}>
          {words}
        </a>
        {sentence.slice(at + words.length)}
      </>
    );
  }
  return sentence;
}

function Why({ view: { task, sentences, limits } }: { readonly view: TaskView }): JSX.Element {
  const [answer, ...rest] = sentences;
  const waits = WAITS.includes(task.state);
  return (
    <div class="box why">
      <h2>{waits ? 'Why is it not done yet?' : 'How did it end?'}</h2>
      <p class="answer">{linked(answer, limits)}</p>
      {rest.length > 0 && (
        <ul class="plain">
          {rest.map((sentence) => (
            <li key={sentence}>{linked(sentence, limits)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Options({ view: { options } }: { readonly view: TaskView }): JSX.Element | null {
  if (options.length === 0) return null;
  return (
    <div class="box">
      <h2>Options of this call</h2>
      <dl class="kvs">
        {options.map(([name, words]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{words}</dd>])}
      </dl>
    </div>
  );
}

export const screen: Screen = { name: 'task', title: 'Task', under: 'tasks', view: Task };
