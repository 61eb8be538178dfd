/** What the script of the page lends to those that are loaded later. What the others need as well costs nothing more here. */
export { Fragment, h } from 'preact';
export { useEffect } from 'preact/hooks';
export { useRead } from './api.js';
export {
  Ago,
  askFirst,
  Chips,
  Code,
  counted,
  Do,
  Empty,
  Fact,
  Glyph,
  Head,
  Loaded,
  Note,
  n,
  Rows,
  State,
  Title,
} from './parts/index.js';
export { go, href, usePlace } from './router.js';
export { heading } from './screen.js';
