import type { JSX } from 'preact';
import { adopt } from '../../page/later.js';
import css from './crons.css';
import { List } from './list.js';

adopt(css);

export function View(): JSX.Element {
  return <List />;
}
