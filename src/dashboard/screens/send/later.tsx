import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { act, useRead } from '../../page/api.js';
import { adopt } from '../../page/later.js';
import { useSnapshot } from '../../page/live.js';
import { Denied, Do, Note } from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import { useSession } from '../../page/session.js';
import { TimeFields, timeOf } from '../tasks/new-time.js';
import css from './send.css';
import { StartFields, startOf } from './start-fields.js';

adopt(css);

interface Sent {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly added: boolean;
}

/** A form that sends a task by its name. */
export function View(): JSX.Element {
  const { rights, denials } = useSession();
  const { arg = '' } = usePlace();
  const { snapshot } = useSnapshot();
  const { data } = useRead<{ names: readonly string[] }>('send/names');
  const form = useRef<HTMLFormElement>(null);
  const [task, setTask] = useState(arg);
  const [sent, setSent] = useState<Sent>();
  if (!rights.send) return <Denied>{denials.send}</Denied>;
  const run = async (): Promise<void> => {
    const fields = form.current as HTMLFormElement;
    setSent(undefined);
    if (!fields.reportValidity()) return;
    const data = new FormData(fields);
    const {
      delay = '',
      at = '',
      ...rest
    } = Object.fromEntries([...data].map(([name, value]) => [name, String(value)]));
    const when = delay || at ? timeOf({ delay, at }) : {};
    setSent(await act<Sent>('send', { ...startOf(rest), ...when }));
  };
  return (
    <form ref={form} class="send" onSubmit={(event) => event.preventDefault()}>
      <h1>Send a task</h1>
      <label>
        Task
        <input
          name="task"
          list="names"
          required
          defaultValue={arg}
          placeholder="ReportTasks.send"
          autocomplete="off"
          onInput={(event) => setTask(event.currentTarget.value)}
        />
      </label>
      <datalist id="names">
        {data?.names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <label>
        Arguments, a list in JSON
        <textarea name="args" rows={8} spellcheck={false} class="mono" defaultValue="[]" />
      </label>
      <p class="dim">
        What JSON has no word for: <code>{'{"$date": "2026-11-27T14:25:49.120Z"}'}</code>{' '}
        <code>{'{"$bigint": "4900"}'}</code> <code>{'{"$undefined": true}'}</code> <code>{'{"$map": [["a", 1]]}'}</code>{' '}
        <code>{'{"$set": [1]}'}</code>
      </p>
      <label>
        Queue
        <select name="queue">
          <option value="">the one that workers announced for it</option>
          {snapshot?.queues.map(({ queue }) => (
            <option key={queue} value={queue}>
              {queue}
            </option>
          ))}
        </select>
      </label>
      <StartFields task={data?.names.includes(task) ? task : undefined} />
      <TimeFields />
      <label>
        Key, so that it is there only once
        <input name="key" autocomplete="off" />
      </label>
      <div class="row wrap">
        <Do right="send" kind="main" run={run}>
          Send
        </Do>
      </div>
      {sent && (
        <div role="status">
          <Note state={sent.added ? 'done' : 'held'} title={sent.added ? 'It was sent.' : 'Nothing was sent.'}>
            <p>
              {sent.added ? 'Task ' : 'This task has the key: '}
              <a class="link mono" href={href('task', sent.id)}>
                {sent.id}
              </a>{' '}
              of {sent.queue}.
            </p>
          </Note>
        </div>
      )}
    </form>
  );
}
