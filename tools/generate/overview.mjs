import { ROOMS } from './house.mjs';
import { code, table, withParts } from './markers.mjs';

/** In which keys Redis keeps the tasks of a state; none for a state of which it keeps nothing. */
const KEPT_IN = {
  pending: ['pending'],
  scheduled: ['scheduled'],
  active: ['claims'],
  'held back': ['pending'],
  quarantined: ['quarantined'],
  dead: ['dead', 'records'],
  expired: ['dead', 'records'],
  cancelled: ['cancelled'],
};

/** The text of docs/architecture.md with the tables of rooms and states written anew. */
export function withOverview(page, text, tables) {
  return withParts(page, text, { rooms: roomTable(), states: stateTable(tables) });
}

function roomTable() {
  return table(
    ['room', 'holds'],
    ROOMS.map(({ room, holds }) => [code(room), holds]),
  );
}

function stateTable({ states, keys }) {
  const rows = Object.entries(states).map(([word, { shape, meaning }]) => {
    const places = (KEPT_IN[word] ?? []).map((key) => code(keys[key].pattern));
    return [`${shape} ${word}`, meaning, places.join(', ')];
  });
  return table(['state', 'meaning', 'kept in'], rows);
}
