import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { counted, Empty, Fact, Glyph, Head, Loaded } from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import { Keys } from './keys.js';
import { Orders } from './set.js';
import { Facts, Notes, stopOf } from './standing.js';
import type { LimitLine } from './wire.js';

/** One limit. */
export function One({ name }: { readonly name: string }): JSX.Element {
  const view = useRead<LimitLine>('limit', { name }, { everyMs: 2_000 });
  const { error } = view;
  if (error?.code === 'UNKNOWN_LIMIT') return <Unknown message={error.message} />;
  return (
    <Loaded of={view}>
      {(limit) => (
        <>
          <Now limit={limit} />
          <Notes of={limit} />
          {limit.keyed && <Keys limit={limit} />}
        </>
      )}
    </Loaded>
  );
}

/** Its last worker has ended, or its name was written by hand. */
function Unknown({ message }: { readonly message: string }): JSX.Element {
  return (
    <Empty title={message}>
      <p>
        Workers declare limits. One is listed for a minute after its last worker has ended, and as long as something is
        set for it.
      </p>
      <p class="next">
        <a class="btn" href={href('limits')}>
          All limits
        </a>
      </p>
    </Empty>
  );
}

function Now({ limit }: { readonly limit: LimitLine }): JSX.Element {
  const { name, queue, keyed, ordered, declared, ownKeys } = limit;
  const stop = stopOf(limit);
  return (
    <Head
      title={
        <>
          {stop && <Glyph of="held" />}
          <span class="wrap-any">{name}</span>
          {stop && <span class="st held">{stop}</span>}
        </>
      }
      facts={
        <>
          {queue === undefined ? (
            <span>
              {keyed ? 'for each key' : 'for all calls together'}
              {ordered && ', in order'}
            </span>
          ) : (
            <Fact name="of the queue">
              <a href={href('queue', queue)}>{queue}</a>
            </Fact>
          )}
          <Facts of={limit}>
            <Fact name="declared">{declared}</Fact>
          </Facts>
          {ownKeys > 0 && <Fact more=" set or stopped">{counted(ownKeys, 'key')}</Fact>}
        </>
      }
    >
      <Orders limit={limit} />
    </Head>
  );
}
