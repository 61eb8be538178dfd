import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { counted, Loaded, n, Rows, State } from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import { NODE_GLYPHS } from './states.js';
import type { NodeLine, NodesPage, StepLine, StepsPage } from './wire.js';

const STEPS = 100;
const NODES = 50;

interface StepsProps {
  /** id of the flow */
  readonly flow: string;
  readonly page: StepsPage;
}

/** The tasks of a flow, those of one name and one depth as one row, in the order in which they can run. */
export function Steps({ flow, page: { steps, from, count, unlisted } }: StepsProps): JSX.Element {
  const { query } = usePlace();
  const at = { from: query.from };
  const openOr = (step: StepLine): string =>
    step.only
      ? href('task', step.only.id)
      : href('groups', flow, { ...at, step: step.key === query.step ? undefined : step.key });
  return (
    <section>
      <div class="sh">
        <h2>Steps</h2>
        <span class="dim">in the order in which they can run</span>
      </div>
      {count === 0 ? (
        <p class="dim">It has no task yet.</p>
      ) : (
        <Rows
          label="Steps"
          class="steps-of"
          rows={steps}
          id={({ key }) => key}
          to={openOr}
          columns={[
            { head: 'Level', class: 'c-l', num: true, cell: ({ level }) => <span class="dim">{n(level)}</span> },
            {
              head: 'Step',
              cell: (step) => (
                <>
                  <a
                    class="name wrap-any"
                    href={openOr(step)}
                    aria-expanded={step.only ? undefined : step.key === query.step}
                  >
                    {step.task}
                    {step.count > 1 && ` × ${n(step.count)}`}
                  </a>
                  <span class="phone dim">{step.after.length > 0 && <After step={step} />}</span>
                </>
              ),
            },
            {
              head: 'State',
              cell: (step) => (
                <>
                  <States flow={flow} step={step} />
                  {step.only?.error && <div class="dim wrap-any">{step.only.error}</div>}
                </>
              ),
            },
            { head: 'Waits for', m: 0, cell: (step) => <After step={step} /> },
            { head: 'Queue', m: 1, cell: ({ queue }) => <span class="dim">{queue}</span> },
          ]}
          inside={(step) => step.key === query.step && !step.only && <Nodes key={step.key} flow={flow} step={step} />}
        />
      )}
      <Pager
        from={from}
        shown={steps.length}
        count={count}
        size={STEPS}
        to={(next) => href('groups', flow, { from: next })}
      />
      {unlisted > 0 && <p class="dim">{counted(unlisted, 'later step')} are not listed.</p>}
    </section>
  );
}

/** How many are in which state; each leads to those. */
function States({ flow, step }: { readonly flow: string; readonly step: StepLine }): JSX.Element {
  const { query } = usePlace();
  const { key, only, states } = step;
  return (
    <span class="states">
      {states.map(([state, count]) => {
        const shown = <State of={NODE_GLYPHS[state]} word={only ? stateOf(only) : `${n(count)} ${state}`} />;
        return only ? (
          <span key={state}>{shown}</span>
        ) : (
          <a key={state} href={href('groups', flow, { from: query.from, step: key, state })}>
            {shown}
          </a>
        );
      })}
    </span>
  );
}

function stateOf({ state, waitsFor }: NodeLine): string {
  return state === 'waiting' && waitsFor > 0 ? `waits for ${counted(waitsFor, 'task')}` : state;
}

/** The steps that come before. */
function After({ step: { after, afterMore } }: { readonly step: StepLine }): JSX.Element {
  if (after.length === 0) return <span class="dim">–</span>;
  const names = after.map(({ task, count }) => (count > 1 ? `${task} × ${n(count)}` : task));
  return (
    <span class="dim wrap-any">
      <span class="phone">after </span>
      {names.join(', ')}
      {afterMore > 0 && ` and ${counted(afterMore, 'other step')}`}
    </span>
  );
}

/** The tasks of one step. */
function Nodes({ flow, step }: { readonly flow: string; readonly step: StepLine }): JSX.Element {
  const { query } = usePlace();
  const { state, nodes: from } = query;
  const read = useRead<NodesPage>('group/nodes', { id: flow, step: step.key, state, from }, { everyMs: 4_000 });
  const to = (change: Readonly<Record<string, string | number | undefined>>): string =>
    href('groups', flow, { from: query.from, step: step.key, state, ...change });
  return (
    <Loaded of={read}>
      {(page) => (
        <>
          {state && (
            <p class="dim">
              {n(page.count)} of {n(step.count)}: {state}.{' '}
              <a class="link" href={to({ state: undefined })}>
                Show all
              </a>
            </p>
          )}
          {page.nodes.length === 0 && <p class="dim">No task of this step is {state ?? 'there'} now.</p>}
          {page.nodes.length > 0 && (
            <Rows
              label={`Tasks of ${step.task}`}
              class="inner"
              rows={page.nodes}
              id={({ id }) => id}
              columns={[
                { head: 'State', cell: (node) => <State of={NODE_GLYPHS[node.state]} word={stateOf(node)} /> },
                {
                  head: 'Id',
                  class: 'mono',
                  cell: ({ id, error }) => (
                    <>
                      <a class="name" href={href('task', id)}>
                        {id}
                      </a>
                      {error && <div class="phone dim wrap-any">{error}</div>}
                    </>
                  ),
                },
                {
                  head: 'Error',
                  m: 0,
                  class: 'two cut',
                  cell: ({ error }) => <span data-tip={error}>{error ?? '–'}</span>,
                },
              ]}
            />
          )}
          <Pager
            from={page.from}
            shown={page.nodes.length}
            count={page.count}
            size={NODES}
            to={(next) => to({ nodes: next || undefined })}
          />
        </>
      )}
    </Loaded>
  );
}

/** Which part of a long list is shown, and the ways to the next ones. */
function Pager({
  from,
  shown,
  count,
  size,
  to,
}: {
  readonly from: number;
  readonly shown: number;
  readonly count: number;
  readonly size: number;
  readonly to: (from: number | undefined) => string;
}): JSX.Element | null {
  if (count <= size && from === 0) return null;
  return (
    <div class="looked">
      <span>
        {shown > 0 ? `${n(from + 1)} to ${n(from + shown)}` : 'None'} of {n(count)}
      </span>
      {from > 0 && (
        <a class="btn small" href={to(Math.max(from - size, 0) || undefined)}>
          Before
        </a>
      )}
      {from + shown < count && (
        <a class="btn small" href={to(from + size)}>
          Next
        </a>
      )}
    </div>
  );
}
