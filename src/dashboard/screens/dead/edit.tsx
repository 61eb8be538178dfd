import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { act, get } from '../../page/api.js';
import { ask, showEnd } from '../../page/parts/index.js';
import type { EditableView } from '../task/wire.js';
import { differences } from './difference.js';

/** The task that gets other arguments. */
interface Edited {
  readonly id: string;
  readonly task: string | undefined;
  readonly queue: string;
}

/**
 * Asks for the arguments of a dead task, shows the difference, and lets it run with them.
 *
 * @throws ApiError
 */
export async function redriveEdited({ id, task, queue }: Edited): Promise<void> {
  const { text, remark } = await get<EditableView>('tasks/editable', { id });
  const fields = await ask({
    title: `Redrive ${task ?? id}`,
    body: <Editor id={id} text={text} remark={remark} />,
    lines: [
      'It keeps its id, so an idempotency key still holds. Its attempts count from one.',
      `It goes to the tail of ${queue}.`,
      'What it was sent with is kept in its history.',
    ],
    main: 'Redrive',
    wide: true,
    run: ({ text: edited = '' }) =>
      edited === text ? act('dead/redrive', { id }) : act('dead/redrive-edited', { id, text: edited }),
  });
  if (fields) showEnd(`Redriven ${task ?? id}${fields.text === text ? '' : ', edited'}.`);
}

interface EditorProps {
  readonly id: string;
  readonly text: string;
  readonly remark: string | undefined;
}

function Editor({ id, text, remark }: EditorProps): JSX.Element {
  const [edited, setEdited] = useState(text);
  const changes = differences(text, edited);
  const rows = Math.min(Math.max(text.split('\n').length + 1, 6), 18);
  return (
    <>
      <label>
        Arguments of <code>{id}</code>
        <textarea
          name="text"
          rows={rows}
          spellcheck={false}
          value={edited}
          onInput={(event) => setEdited(event.currentTarget.value)}
        />
      </label>
      {remark && <p class="dim">{remark}</p>}
      <div class="changes" role="status">
        {changes === undefined && <p class="dim">This is no JSON yet.</p>}
        {changes?.length === 0 && <p class="dim">No change: it runs with what it was sent with.</p>}
        {changes?.map(({ path, before, after }) => (
          <div key={path}>
            {before !== undefined && (
              <del>
                − args{path}: {before}
              </del>
            )}
            {after !== undefined && (
              <ins>
                + args{path}: {after}
              </ins>
            )}
          </div>
        ))}
      </div>
    </>
  );
}
