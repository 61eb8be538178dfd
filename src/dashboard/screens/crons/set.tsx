import type { JSX } from 'preact';
import { Do, n, Rows, Section } from '../../page/parts/index.js';
import { go, href, usePlace } from '../../page/router.js';
import { CronGlyph, dueText, Last, Next } from './cron-parts.js';
import type { SetCronLine, SetCronsPage } from './wire.js';

/** Crons that were set at run time, a page at a time: there may be more of them than a list can have. */
export function SetCrons({ page: { total, lines, more } }: { readonly page: SetCronsPage }): JSX.Element {
  const { query } = usePlace();
  const { prefix, after } = query;
  const show = (of: { readonly prefix?: string | undefined; readonly after?: string | undefined }): void =>
    go('crons', undefined, { show: query.show, ...of });
  const last = lines.at(-1)?.cron.name;
  return (
    <Section title="Set at run time" hint={n(total)} side={<Find prefix={prefix} show={(wish) => show(wish)} />}>
      {lines.length === 0 ? (
        <p class="dim">{after === undefined ? 'No name begins so.' : 'There are no more.'}</p>
      ) : (
        <Rows
          label="Crons set at run time"
          class="crons"
          rows={lines}
          id={({ cron }) => cron.name}
          to={({ cron }) => href('cron', cron.name)}
          columns={[
            { head: 'Cron', cell: (line) => <Name line={line} /> },
            { head: 'Next', num: true, width: 110, cell: ({ cron }) => <Next cron={cron} /> },
            { head: 'Last run', m: 0, width: 190, class: 'gap', cell: ({ cron }) => <Last run={cron.lastRun} /> },
            { head: 'Task', m: 1, width: 260, cell: ({ cron }) => <span class="cut">{cron.task}</span> },
          ]}
        />
      )}
      <div class="looked">
        {more && (
          <Do kind="main" small run={() => show({ prefix, after: last })}>
            Next 50
          </Do>
        )}
        {after !== undefined && (
          <Do small kind="plain" run={() => show({ prefix })}>
            From the first
          </Do>
        )}
      </div>
    </Section>
  );
}

function Find({
  prefix,
  show,
}: {
  readonly prefix: string | undefined;
  readonly show: (wish: { readonly prefix: string | undefined }) => void;
}): JSX.Element {
  return (
    <form
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        show({ prefix: String(new FormData(event.currentTarget).get('prefix')) || undefined });
      }}
    >
      <input
        key={prefix}
        type="search"
        name="prefix"
        data-find
        aria-label="Find names that begin with"
        placeholder="Name begins with"
        defaultValue={prefix}
      />
    </form>
  );
}

function Name({ line: { cron, words, zone } }: { readonly line: SetCronLine }): JSX.Element {
  return (
    <div class="row cron">
      <CronGlyph cron={cron} />
      <div class="grow">
        <a class="name cut" href={href('cron', cron.name)}>
          {cron.name}
        </a>
        <div class="dim" data-tip={cron.expression}>
          {words ?? dueText(cron)}
          {zone && `, ${zone}`}
        </div>
        <div class="phone">
          <Last run={cron.lastRun} />
        </div>
      </div>
    </div>
  );
}
