import type { ComponentType } from 'preact';
import type { Snapshot } from './live.js';
import type { StateName } from './parts/glyph.js';
import type { IconName } from './parts/icon.js';
import { Cell } from './store.js';

/** What a page has at its name in the side. Red and amber are for what grows or stands still, and not for a stock. */
export interface Count {
  readonly text: string;
  readonly state?: StateName | undefined;
}

/** A page of the dashboard. */
export interface Screen {
  /** in its address */
  readonly name: string;
  readonly title: string;
  /** with one it is in the side; without one it belongs to another */
  readonly icon?: IconName;
  /** the page that it belongs to: that one is marked in the side, and `u` leads there */
  readonly under?: string;
  readonly view: ComponentType;
  readonly count?: (snapshot: Snapshot) => Count | undefined;
}

/** What the top bar calls the view, where that is not its argument. */
export const heading = new Cell<string | undefined>(undefined);
