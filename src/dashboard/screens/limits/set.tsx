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
    if (await askFirst('limits/reset', scope)) say(`${words} is as declared.`);
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

/** @param isWhole the limit has keys, and the question is about none of them yet */
function Fields({ isWhole }: { readonly isWhole: boolean }): JSX.Element {
  const [scope, setScope] = useState('all');
  const written = { autocomplete: 'off', spellcheck: false } as const;
  return (
    <div class="fields">
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
