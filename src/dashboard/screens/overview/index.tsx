import type { JSX } from 'preact';
import { useSnapshot } from '../../page/live.js';
import { Glyph } from '../../page/parts/index.js';
import type { Screen } from '../../page/screen.js';

function Overview(): JSX.Element {
  const { snapshot } = useSnapshot();
  return (
    <ol class="verdict">
      {snapshot?.findings.map(({ text, severity }) => (
        <li key={text}>
          <Glyph of={severity === 'problem' ? 'dead' : 'held'} />
          <div>
            <h2>{text}</h2>
          </div>
        </li>
      ))}
    </ol>
  );
}

export const screen: Screen = { name: 'overview', title: 'Overview', icon: 'overview', view: Overview };
