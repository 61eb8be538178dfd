import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { askFirst, Do, say } from '../../page/parts/index.js';
import { HowLong } from '../queues/how-long.js';
import type { KeyLine, LimitLine } from './wire.js';

interface OrdersProps {
  readonly limit: LimitLine;
  /** of the limit; undefined for all of it */
  readonly of?: KeyLine;
  readonly small?: boolean;
}

/** The buttons of a limit, or of one of its keys. */
export function Orders({ limit, of, small }: OrdersProps): JSX.Element {
  const { name, keyed } = limit;
  const { set, stoppedUntil, why, key } = of ?? { ...limit, why: undefined, key: undefined };
  const isChanged = set || stoppedUntil;
  const about = { limit: name, ...(key !== undefined && { key }) };
  const words = of ? `${name} for ${key ?? of.digest}` : name;
  const change = async (): Promise<void> => {
    const body = <Fields isWhole={keyed && !of} />;
    if (await askFirst('limits/set', about, { body })) say(`${words} is set.`);
  };
  const reset = async (): Promise<void> => {
    const scope = { ...about, ...(keyed && !of && { scope: 'all' }) };
    if (await askFirst('limits/reset', scope)) say(`${words} is reset.`);
  };
  const look = { right: 'set-limit', small } as const;
  return (
    <>
      <Do {...look} kind={small ? 'bare' : 'plain'} off={why} run={change} label={`Set ${words}`}>
        Set…
      </Do>
      <Do
        {...look}
        kind={isChanged ? 'plain' : 'bare'}
        off={why ?? (isChanged ? undefined : 'Nothing is set for it.')}
        run={reset}
        label={`Reset ${words}`}
      >
        Reset…
      </Do>
    </>
  );
}

/** Gives a queue a limit, which it may have or not. */
export function OfQueue({ queues }: { readonly queues: readonly string[] }): JSX.Element {
  const set = async (): Promise<void> => {
    const fields = await askFirst('limits/set', {}, { body: <Fields isWhole={false} queues={queues} /> });
    if (fields) say(`${fields.limit} is set.`);
  };
  return (
    <Do right="set-limit" kind="plain" run={set} off={queues.length === 0 ? 'No worker serves a queue.' : undefined}>
      Limit a queue…
    </Do>
  );
}

interface FieldsProps {
  /** the limit has keys, and the question is about none of them yet */
  readonly isWhole: boolean;
  /** of which one is to be chosen */
  readonly queues?: readonly string[];
}

function Fields({ isWhole, queues }: FieldsProps): JSX.Element {
  const [scope, setScope] = useState('all');
  const written = { autocomplete: 'off', spellcheck: false } as const;
  return (
    <div class="fields">
      {queues && (
        <label>
          Queue{' '}
          <select name="limit">
            {queues.map((queue) => (
              <option key={queue} value={`queue ${queue}`}>
                {queue}
              </option>
            ))}
          </select>
        </label>
      )}
      {isWhole && (
        <label>
          For{' '}
          <select name="scope" onChange={(event) => setScope(event.currentTarget.value)}>
            <option value="all">all keys that have nothing of their own</option>
            <option value="key">one key</option>
          </select>
        </label>
      )}
      {scope === 'key' && (
        <label>
          Key <input name="key" required maxLength={1_000} {...written} />
        </label>
      )}
      <label>
        At once <input name="concurrency" placeholder="5, 0 or any" {...written} />
      </label>
      <label>
        Starts <input name="rate" placeholder="20/s, 100/m or any" {...written} />
      </label>
      <label>
        Burst <input name="burst" placeholder="after a pause" {...written} />
      </label>
      <HowLong end="reset" />
    </div>
  );
}
