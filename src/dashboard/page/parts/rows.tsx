import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { StateName } from './glyph.js';
import { colourOf } from './glyph.js';

export interface Column<T> {
  /** empty for a column of buttons */
  readonly head: ComponentChildren;
  readonly cell: (row: T) => ComponentChildren;
  /** a number: at the right */
  readonly num?: boolean;
  /** it goes below 1,280 px (2), 1,100 px (1) or 720 px (0) */
  readonly m?: 0 | 1 | 2;
  /** in px, of a table whose columns are fixed; the others share the rest */
  readonly width?: number;
  /** an additional class: `gap`, `act` (buttons that show at hover), `two` (takes the rest, cut) */
  readonly class?: string;
}

interface RowsProps<T> {
  /** for screen readers */
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly id: (row: T) => string;
  /** where a row leads: the whole row opens it. Its first cell should have a real link, `<a class="name" href=…>` */
  readonly to?: (row: T) => string | undefined;
  /** the colour of a row that needs somebody */
  readonly state?: (row: T) => StateName | undefined;
  /** the ids of those that are selected, and what to do when that changes: then rows can be selected */
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
  /** what is shown below a row that is open */
  readonly inside?: (row: T) => ComponentChildren;
  readonly class?: string;
}

/** A table. Its keys (`j`, `k`, Enter, Space, Shift Space) move the focus from link to link: a screen reader follows. */
export function Rows<T>(props: RowsProps<T>): JSX.Element {
  const { label, columns, id, to, state, selected, onSelect, inside, class: more = '' } = props;
  const [rows, holding] = useOrder(props.rows, id);
  const isFixed = columns.some(({ width }) => width !== undefined);
  const named = ({ num, m, class: own = '' }: Column<T>): string =>
    `${num ? 'n' : ''} ${m === undefined ? '' : `m${m}`} ${own}`;
  const picks = selected && onSelect ? { selected, onSelect } : undefined;
  const span = columns.length + (picks ? 1 : 0);
  return (
    <table class={`t ${isFixed ? 'fixed' : ''} ${more}`} aria-label={label} data-list {...holding}>
      <thead>
        <tr>
          {picks && (
            <th class="pick">
              <PickAll ids={rows.map(id)} {...picks} />
            </th>
          )}
          {columns.map((column, i) => (
            <th
              key={i}
              scope="col"
              class={named(column)}
              style={column.width ? { width: `${column.width}px` } : undefined}
            >
              {column.head || <span class="sr">Actions</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const key = id(row);
          const kind = state?.(row);
          const content = inside?.(row);
          const open = to?.(row);
          return [
            <tr
              key={key}
              data-row={key}
              class={`${kind ? colourOf(kind) : ''} ${open ? 'to' : ''} ${content ? 'open' : ''}`}
              aria-selected={picks ? picks.selected.has(key) : undefined}
              onClick={open ? (event) => follow(event, open) : undefined}
            >
              {picks && (
                <td class="pick">
                  <input
                    type="checkbox"
                    aria-label={`Select ${key}`}
                    checked={picks.selected.has(key)}
                    onClick={(event) => pick(event, key, rows.map(id), picks)}
                  />
                </td>
              )}
              {columns.map((column, i) => (
                <td key={i} class={named(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>,
            content && (
              <tr key={`${key} inside`} class="inside">
                <td colSpan={span}>{content}</td>
              </tr>
            ),
          ];
        })}
      </tbody>
    </table>
  );
}

interface Picks {
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
}

let lastPicked: string | undefined;

function pick(event: MouseEvent, key: string, all: readonly string[], { selected, onSelect }: Picks): void {
  const isOn = !selected.has(key);
  const from = event.shiftKey && lastPicked !== undefined ? all.indexOf(lastPicked) : -1;
  const at = all.indexOf(key);
  const keys = from < 0 ? [key] : all.slice(Math.min(from, at), Math.max(from, at) + 1);
  const next = new Set(selected);
  for (const each of keys) {
    if (isOn) next.add(each);
    else next.delete(each);
  }
  lastPicked = key;
  onSelect(next);
}

function PickAll({ ids, selected, onSelect }: Picks & { readonly ids: readonly string[] }): JSX.Element {
  const isAll = ids.length > 0 && ids.every((each) => selected.has(each));
  const change = (): void => {
    const others = [...selected].filter((each) => !ids.includes(each));
    onSelect(new Set(isAll ? others : [...others, ...ids]));
  };
  return <input type="checkbox" aria-label="Select all shown" checked={isAll} onChange={change} />;
}

/** The whole row opens, but not where something else is clicked, or text is marked. */
function follow(event: MouseEvent, to: string): void {
  const target = event.target as Element;
  if (target.closest('a,button,input,label,select,time[tabindex]') || getSelection()?.toString()) return;
  if (event.ctrlKey || event.metaKey) open(to);
  else location.hash = to;
}

/** Rows never change places under the pointer or the cursor: new ones come last until both have gone. */
function useOrder<T>(rows: readonly T[], id: (row: T) => string): [readonly T[], JSX.IntrinsicElements['table']] {
  const order = useRef<readonly string[]>([]);
  const held = useRef({ pointer: false, focus: false });
  const { pointer, focus } = held.current;
  let shown = rows;
  if (pointer || focus) {
    const places = new Map(order.current.map((key, i) => [key, i]));
    const at = (row: T): number => places.get(id(row)) ?? rows.length + order.current.length;
    shown = [...rows].sort((a, b) => at(a) - at(b));
  }
  order.current = shown.map(id);
  const set = (name: 'pointer' | 'focus', value: boolean) => () => {
    held.current[name] = value;
  };
  return [
    shown,
    {
      onPointerEnter: set('pointer', true),
      onPointerLeave: set('pointer', false),
      onFocusIn: set('focus', true),
      onFocusOut: set('focus', false),
    },
  ];
}
