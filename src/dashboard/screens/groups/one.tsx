import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useRead } from '../../page/api.js';
import { Ago, askFirst, Code, Do, Fact, Glyph, Head, Loaded, Note, n } from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import { heading } from '../../page/screen.js';
import { Progress, wordsOf } from './progress.js';
import { GROUP_GLYPHS } from './states.js';
import { Steps } from './steps.js';
import type { GroupLine, GroupView } from './wire.js';

/** One batch or flow. */
export function One({ id }: { readonly id: string }): JSX.Element {
  const { query } = usePlace();
  const view = useRead<GroupView>('group', { id, from: query.from }, { everyMs: 2_000 });
  const title = view.data && titleOf(view.data.group);
  useEffect(() => {
    heading.set(title);
    return () => heading.set(undefined);
  }, [title]);
  return (
    <Loaded of={view}>
      {({ group, off, redrivable, steps }) => (
        <>
          <Now group={group} off={off} />
          {group.culprit && <Culprit group={group} culprit={group.culprit} redrivable={redrivable} />}
          <div class="whole">
            <Progress of={group} />
            <p class="dim">{wordsOf(group)}</p>
          </div>
          {steps ? (
            <Steps flow={id} page={steps} />
          ) : (
            <Note title="Of a batch no list of its tasks is kept.">
              <p>Redis has their counts, and the first one that failed. Each task that is left links to its batch.</p>
            </Note>
          )}
        </>
      )}
    </Loaded>
  );
}

function titleOf({ kind, name, id }: GroupLine): string {
  return `${kind === 'flow' ? 'Flow' : 'Batch'} ${name || `…${id.slice(-6)}`}`;
}

function Now({ group, off }: { readonly group: GroupLine; readonly off: string | undefined }): JSX.Element {
  const { id, state, ended, filling, openedAt, deadlineAt, endedAt } = group;
  const glyph = GROUP_GLYPHS[state];
  return (
    <Head
      title={
        <>
          <Glyph of={glyph} />
          {titleOf(group)}
          <span class={`st ${glyph}`}>{state}</span>
        </>
      }
      facts={
        <>
          <Code copy={id}>{id}</Code>
          {openedAt && (
            <Fact name="began">
              <Ago at={openedAt} />
            </Fact>
          )}
          {filling && <span>its sender still adds tasks</span>}
          {deadlineAt && (
            <Fact name="deadline">
              <Ago at={deadlineAt} />
            </Fact>
          )}
          {endedAt ? (
            <Fact name="ended">
              <Ago at={endedAt} />
            </Fact>
          ) : (
            !ended && state !== 'open' && <span>has not ended</span>
          )}
        </>
      }
    >
      <Do right="cancel" kind="grave" letter="x" off={off} run={() => askFirst('group/cancel', { group: id })}>
        Cancel…
      </Do>
    </Head>
  );
}

/** The first task that failed for good, and what can be done. */
function Culprit({
  group: { kind, failed },
  culprit: { id, task, how, code, error },
  redrivable,
}: {
  readonly group: GroupLine;
  readonly culprit: NonNullable<GroupLine['culprit']>;
  readonly redrivable: boolean;
}): JSX.Element {
  const state = how === 'dead' ? 'dead' : 'held';
  return (
    <Note
      state={state}
      glyph={how === 'dead' ? 'dead' : 'cancelled'}
      title={
        <>
          <a class="link" href={href('task', id)}>
            {task}
          </a>{' '}
          {how === 'dead' ? 'is dead' : `was ${how}`}
          {failed > 1 ? `, the first of ${n(failed)} that failed.` : '.'}
        </>
      }
      side={
        <a class="btn" href={href('task', id)}>
          Look at it
        </a>
      }
    >
      {error && (
        <p>
          <code>{error}</code>
        </p>
      )}
      <p class="dim">
        {code && (
          <>
            <code>{code}</code>.{' '}
          </>
        )}
        {redrivable && `Redrive it, and the ${kind} goes on.`}
      </p>
    </Note>
  );
}
