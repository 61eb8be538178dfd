import { readFileSync } from 'node:fs';

const PAGE = new URL('../../docs/redis-keys.md', import.meta.url);
const PASSWORD = 'least-rights';
const SET_USER = 'ACL SETUSER';
/** The page shows the rights on one namespace; the apps of the suite have these. */
const NAMESPACES = ['nestwork', 'shop', 'mine', 'code-stats'];
/** Whether the library under test gets no more rights than the page says: for the whole suite, on request. */
const LOCKED = process.env.NESTWORK_TEST_ACL === '1';

/** The users of docs/redis-keys.md; rights that `ACL SETUSER` adds to a user further down the page count, too. */
export type DocumentedUser = 'shop-sender' | 'shop-worker' | 'shop-viewer' | 'shop-operator';

/** The rules of a user as the page states them. */
export function documentedRules(user: DocumentedUser): string[] {
  return documentedSteps(user).flat();
}

/** The same, line by line in the order of the page: the rights of every user, and then further ones. */
export function documentedSteps(user: DocumentedUser): string[][] {
  return documentedLines(user).map((line) => line.slice(`${SET_USER} ${user} `.length).split(' '));
}

/** The lines as a person pastes them, with a password. */
export function documentedLines(user: DocumentedUser, password = PASSWORD): string[] {
  const lines = readFileSync(PAGE, 'utf8').split('\n');
  const ours = lines.filter((line) => line.startsWith(`${SET_USER} ${user} `));
  if (ours.length === 0) throw new Error(`docs/redis-keys.md names no rights of ${user}.`);
  return ours.map((line) => line.replace('PASSWORD', password));
}

/** Arguments for a server that has a user with these rules. */
export function userArgs(name: string, rules: readonly string[]): string[] {
  return ['--user', name, ...rules];
}

/** A URL or the options of a connection with the name and password of a user. */
export function urlAs(name: string, url: string): string {
  return url.replace('://', `://${name}:${PASSWORD}@`);
}

/** Further arguments for each private server of the suite: the user as whom the library connects. */
export function libraryArgs(): string[] {
  return LOCKED ? userArgs('library', libraryRules()) : [];
}

/** The URL for the library under test; a test itself uses the server as the default user. */
export function libraryUrl(url: string): string {
  return LOCKED ? urlAs('library', url) : url;
}

/** The same for options of ioredis. */
export function libraryCredentials(): { username?: string; password?: string } {
  return LOCKED ? { username: 'library', password: PASSWORD } : {};
}

/** A worker whose app also sends in every way and acts as an operator does; its patterns of keys cover those of a sender. */
function libraryRules(): string[] {
  const users = ['shop-sender', 'shop-operator'] as const;
  const commands = users.flatMap((user) => documentedRules(user).filter((rule) => rule.startsWith('+')));
  const rules = documentedRules('shop-worker').flatMap((rule) =>
    rule.includes('{nestwork}') ? NAMESPACES.map((name) => rule.replace('{nestwork}', `{${name}}`)) : rule,
  );
  return [...rules, ...commands];
}
