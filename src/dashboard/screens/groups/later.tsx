import type { JSX } from 'preact';
import { adopt } from '../../page/later.js';
import { usePlace } from '../../page/router.js';
import css from './groups.css';
import { List } from './list.js';
import { One } from './one.js';

adopt(css);

/** A list of batches and flows, or one of them. */
export function View(): JSX.Element {
  const { arg } = usePlace();
  return arg === undefined ? <List /> : <One id={arg} />;
}
