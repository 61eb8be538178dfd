import { ROOMS } from './house.mjs';
import { code, table, withParts } from './markers.mjs';

/** The text of docs/architecture.md with the list of rooms and the table of states written anew. */
export function withOverview(page, text, tables) {
  return withParts(page, text, { rooms: roomList(), states: stateTable(tables) });
}

function roomList() {
  return ROOMS.map(({ room, holds }) => `- ${code(room)}: ${holds}\n`).join('');
}

function stateTable({ states }) {
  return table(
    ['state', 'meaning'],
    Object.entries(states).map(([word, { shape, meaning }]) => [`${shape} ${word}`, meaning]),
  );
}
