import type { JSX } from 'preact';
import { adopt } from '../../page/later.js';
import { usePlace } from '../../page/router.js';
import { One } from '../cron/one.js';
import css from './crons.css';
import { List } from './list.js';

adopt(css);

/** The list of crons, or one of them. */
export function View(): JSX.Element {
  const { arg } = usePlace();
  return arg === undefined ? <List /> : <One name={arg} />;
}
