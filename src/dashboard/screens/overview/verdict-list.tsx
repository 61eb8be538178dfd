import type { JSX } from 'preact';
import type { Snapshot } from '../../page/live.js';
import { Ago, Code, dur, Glyph, QueueLink } from '../../page/parts/index.js';
import { href } from '../../page/router.js';

/** So many findings at once; the others have a line with their number. */
const MOST = 5;

/** What is wrong, worst first, and what is fine. */
export function VerdictList({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element {
  const { findings, well, latencyMs, at } = snapshot;
  const more = findings.length - MOST;
  const isWell = findings.length === 0;
  return (
    <ol class="verdict">
      {findings.slice(0, MOST).map((finding, i) => (
        <Item key={`${finding.code} ${finding.queue ?? finding.worker ?? i}`} finding={finding} isFirst={i === 0} />
      ))}
      {more > 0 && (
        <li>
          <Glyph of="held" />
          <p>And {more} more: repair these first.</p>
        </li>
      )}
      <li>
        <Glyph of="done" />
        <div>
          {isWell && <h1>All is well.</h1>}
          <p>
            {well.map((piece, i) => (i % 2 ? <QueueLink key={i} of={piece} /> : piece))} Redis answers in{' '}
            {dur(latencyMs)}.
            {!isWell && (
              <>
                {' '}
                Looked at <Ago at={at} form="sec" />.
              </>
            )}
          </p>
        </div>
      </li>
    </ol>
  );
}

function Item({
  finding: { state, title, rest, advice, typed, link },
  isFirst,
}: {
  readonly finding: Snapshot['findings'][number];
  readonly isFirst: boolean;
}): JSX.Element {
  const Title = isFirst ? 'h1' : 'h2';
  return (
    <li>
      <Glyph of={state} />
      <div>
        <Title>{title}</Title>
        <p>
          {rest} {advice && <b>{advice} </b>}
          <Code copy={typed}>{typed}</Code>
        </p>
      </div>
      <div class="do">
        <a class={`btn ${isFirst && state === 'dead' ? 'main' : ''}`} href={href(...link.to)}>
          {link.label}
        </a>
      </div>
    </li>
  );
}
