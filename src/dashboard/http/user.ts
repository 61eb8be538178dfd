const FIELDS = ['username', 'email', 'name', 'id', 'sub'];
/** As the record of actions takes it. */
const MOST_CHARACTERS = 256;

/** The name for the record of actions, from a name or from the user that an authentication put into the request. */
export function nameOfUser(user: unknown): string {
  const name =
    typeof user === 'object' && user !== null ? FIELDS.map((field) => read(user, field)).find(Boolean) : user;
  const text = typeof name === 'string' || typeof name === 'number' ? String(name).trim() : '';
  return [...text].slice(0, MOST_CHARACTERS).join('') || 'dashboard';
}

function read(user: object, field: string): unknown {
  const value = (user as Record<string, unknown>)[field];
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}
