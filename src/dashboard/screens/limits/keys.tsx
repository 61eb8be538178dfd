import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { Head, Loaded, Rows, Section } from '../../page/parts/index.js';
import { go, href, usePlace } from '../../page/router.js';
import { useSession } from '../../page/session.js';
import { Orders } from './set.js';
import { Facts, More, Notes, Rest, STANDING, Stopped, stopOf } from './standing.js';
import type { KeyLine, KeysPage, LimitLine } from './wire.js';

/** The keys of a limit, or the one that somebody looks for. */
export function Keys({ limit }: { readonly limit: LimitLine }): JSX.Element {
  const { query } = usePlace();
  const { rights, denials } = useSession();
  const { key } = query;
  const hint = rights.arguments ? 'in use, waited for, or set' : denials.arguments;
  const all = (
    <a class="link" href={href('limits', limit.name)}>
      all keys
    </a>
  );
  const side = rights.arguments ? <Find limit={limit.name} shown={key} /> : undefined;
  return (
    <Section title="Keys" hint={key === undefined ? hint : all} side={side}>
      {key === undefined ? <All limit={limit} /> : <OneKey limit={limit} of={key} />}
    </Section>
  );
}

function Find({ limit, shown }: { readonly limit: string; readonly shown: string | undefined }): JSX.Element {
  return (
    <form
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        go('limits', limit, { key: String(new FormData(event.currentTarget).get('key')) });
      }}
    >
      <input
        key={shown}
        type="search"
        name="key"
        data-find
        aria-label="Find a key"
        placeholder="Find a key"
        defaultValue={shown}
      />
    </form>
  );
}

function All({ limit }: { readonly limit: LimitLine }): JSX.Element {
  const { name } = limit;
  const { query } = usePlace();
  const page = useRead<KeysPage>('limit/keys', { name, cursor: query.cursor }, { everyMs: 2_000 });
  return (
    <Loaded of={page}>
      {({ keys, cursor }) => (
        <>
          {keys.length > 0 ? (
            <Table limit={limit} keys={keys} />
          ) : (
            <p class="dim">{cursor === undefined ? 'No key is in use.' : 'None of these is in use any more.'}</p>
          )}
          <More cursor={cursor} arg={name} query={query} />
        </>
      )}
    </Loaded>
  );
}

function Table({ limit, keys }: { readonly limit: LimitLine; readonly keys: readonly KeyLine[] }): JSX.Element {
  return (
    <Rows
      label="Keys"
      class="limits"
      rows={keys}
      id={({ digest }) => digest}
      to={({ key }) => key && href('limits', limit.name, { key })}
      state={(line) => (stopOf(line) ? 'held' : undefined)}
      columns={[
        {
          head: 'Key',
          cell: (line) => (
            <>
              <KeyName limit={limit.name} line={line} />
              <Stopped of={line} />
              <span class="sub">
                {line.allows}
                <Rest of={line} />
              </span>
            </>
          ),
        },
        { head: 'Allows', m: 1, cell: ({ allows }) => allows },
        ...STANDING,
        { head: '', class: 'act', m: 1, cell: (line) => <Orders limit={limit} of={line} small /> },
      ]}
    />
  );
}

/** The digest of a key is no secret, and no two keys have the same. */
function KeyName({
  limit,
  line: { key, digest, why },
}: {
  readonly limit: string;
  readonly line: KeyLine;
}): JSX.Element {
  if (key === undefined) return <code data-tip={why}>‹{digest}›</code>;
  return (
    <a class="name wrap-any" href={href('limits', limit, { key })}>
      {key}
    </a>
  );
}

function OneKey({ limit, of }: { readonly limit: LimitLine; readonly of: string }): JSX.Element {
  const read = useRead<KeyLine>('limit/key', { name: limit.name, key: of }, { everyMs: 2_000 });
  return (
    <Loaded of={read}>
      {(line) => (
        <div class="box">
          <Head
            as="h2"
            title={
              <>
                <span class="wrap-any">{of}</span>
                <Stopped of={line} />
              </>
            }
            facts={<Facts of={line} />}
          >
            <Orders limit={limit} of={line} />
          </Head>
          <Notes of={line} />
        </div>
      )}
    </Loaded>
  );
}
