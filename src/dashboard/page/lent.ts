/** What the script of the page lends to those that are loaded later. What the others need as well costs nothing more here. */
export { Fragment, h } from 'preact';
export { useEffect, useRef, useState } from 'preact/hooks';
export { act, useRead } from './api.js';
export { adopt } from './later.js';
export { useSnapshot } from './live.js';
export {
  Ago,
  ArgumentsBox,
  absolute,
  askFirst,
  Chart,
  Charts,
  Chips,
  Code,
  clock,
  colourOf,
  counted,
  Denied,
  Do,
  day,
  dur,
  Empty,
  Fact,
  Failed,
  FaultChart,
  Glyph,
  Head,
  Loaded,
  Loading,
  Note,
  n,
  now,
  percent,
  QueueLink,
  Rows,
  Section,
  State,
  say,
  TimeAxis,
  Title,
} from './parts/index.js';
export { go, href, usePlace } from './router.js';
export { heading } from './screen.js';
export { useSession } from './session.js';
export { Cell, useCell } from './store.js';
