import { type JSX } from 'preact';
import { ask } from '../parts/ask.js';
import { letters } from '../settings.js';
import { useCell } from '../store.js';

const KEYS = [
  ['/', 'search'],
  ['j', 'next row'],
  ['?', 'this list'],
  ['k', 'row before'],
  ['t', 'clock times instead of “ago”'],
  ['Enter', 'open'],
  ['1 … 6', 'go to a page'],
  ['Space', 'select'],
  ['p', 'pause the picture'],
  ['Shift Space', 'select up to here'],
  ['u', 'up: back to the list'],
  ['e', 'redrive, edited'],
  ['g', 'go on looking'],
  ['x', 'cancel'],
  ['Esc', 'close'],
  ['← →', 'read a chart'],
] as const;

function Keys(): JSX.Element {
  const isOn = useCell(letters) === 'on';
  return (
    <>
      <dl class="keys">
        {KEYS.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd class="dim">{does}</dd>
          </div>
        ))}
      </dl>
      <p>
        <label>
          <input type="checkbox" checked={isOn} onChange={() => letters.set(isOn ? 'off' : 'on')} /> Letters are keys
        </label>
      </p>
    </>
  );
}

export function showKeys(): void {
  void ask({ title: 'Keys', body: <Keys /> });
}
