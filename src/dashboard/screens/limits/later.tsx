import type { JSX } from 'preact';
import { adopt } from '../../page/later.js';
import { usePlace } from '../../page/router.js';
import css from './limits.css';
import { List } from './list.js';
import { One } from './one.js';

adopt(css);

/** A list of limits, or one of them. */
export function View(): JSX.Element {
  const { arg } = usePlace();
  return arg === undefined ? <List /> : <One name={arg} />;
}
