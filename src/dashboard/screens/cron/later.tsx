import type { JSX } from 'preact';
import { adopt } from '../../page/later.js';
import { usePlace } from '../../page/router.js';
import css from './cron.css';
import { One } from './one.js';

adopt(css);

/** The cron of the address. */
export function View(): JSX.Element {
  const { arg = '' } = usePlace();
  return <One key={arg} name={arg} />;
}
