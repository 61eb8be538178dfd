import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useRead } from '../../page/api.js';
import { ArgumentsBox, Failed } from '../../page/parts/index.js';
import type { ArgumentsView } from '../task/wire.js';

/** Those of each run. Most crons that workers declare have none, and nothing is said of that. */
export function Arguments({ name, set }: { readonly name: string; readonly set: boolean }): JSX.Element | null {
  const [isLong, setLong] = useState(false);
  const read = useRead<ArgumentsView>('cron/arguments', { name, long: isLong ? 1 : undefined }, { everyMs: 10_000 });
  const { data, error } = read;
  if (error) return <Failed error={error} again={read.again} />;
  if (!data || (!set && data.is === 'shown' && data.lines.length === 0)) return null;
  return <ArgumentsBox title="Arguments" of={data} long={isLong ? undefined : () => setLong(true)} />;
}
