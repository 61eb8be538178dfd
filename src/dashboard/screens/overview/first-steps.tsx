import type { JSX } from 'preact';
import type { Snapshot } from '../../page/live.js';
import { Code, dur, Empty, Glyph } from '../../page/parts/index.js';
import { useSession } from '../../page/session.js';

const START = 'node dist/worker.js';
const SEND = 'await this.queue.of(ReportTasks).send.delay(7, { weekly: true });';

/** What comes next where nothing has ever been sent. */
export function FirstSteps({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element {
  const { namespace } = useSession();
  const hasWorker = snapshot.workers.length > 0;
  return (
    <Empty title="Nothing has been sent yet.">
      <p>Redis is there, and waits for the first task. This page goes on by itself as soon as each step is done.</p>
      <ol class="steps">
        <li>
          <Glyph of="done" />
          <div>
            <h2>Redis answers</h2>
            <p>In {dur(snapshot.latencyMs)}.</p>
          </div>
        </li>
        <li>
          <Glyph of={hasWorker ? 'done' : 'pending'} />
          <div>
            <h2>Start a worker</h2>
            <p>
              It runs the tasks, in children with your whole Nest container.{' '}
              {hasWorker ? 'One runs.' : 'None has connected yet.'}
            </p>
            {!hasWorker && (
              <Code block copy={START}>
                {START}
              </Code>
            )}
          </div>
        </li>
        <li>
          <Glyph of="pending" />
          <div>
            <h2>Send a task</h2>
            <p>From anywhere in your app:</p>
            <Code block copy={SEND}>
              {SEND}
            </Code>
          </div>
        </li>
      </ol>
      <p>
        Both done, and still nothing? Look whether they have the same <code>redis</code> and <code>namespace</code>:
        this page looks at <code>{namespace}</code>.
      </p>
    </Empty>
  );
}
