const DATABASE = 'It is `db`, a number: redis: { host, db: 3 }.';
const URL_ALONE = "Give the URL itself: redis: 'redis://127.0.0.1:6379'.";
const TLS = 'It is `tls`: redis: { host, port, tls: {} }.';
const DIRECTLY = 'Give `host` and `port` directly: redis: { host, port }.';
const PRIMARY = 'Tasks are written, so it is always the primary.';
const TIMEOUT = 'Use `commandTimeout` of TaskQueueModule: it limits commands, and the time to connect.';
const PREFIX = 'Use `namespace` of TaskQueueModule: every key begins with it.';
const OURS =
  'Leave it out if it is another option of ioredis: nestwork connects again, repeats commands and reads replies by itself.';

/** What to write in place of an option that `redis` does not have: other names of what there is, and other places. */
const PLACES: Record<string, string> = {
  ...all(['url', 'uri', 'connectionString', 'connection', 'dsn'], URL_ALONE),
  ...all(['database', 'dbIndex', 'dbNumber', 'index'], DATABASE),
  ...all(['hostname', 'address', 'server', 'socket'], DIRECTLY),
  ...all(['user', 'userName'], 'It is `username`.'),
  ...all(['pass', 'auth', 'auth_pass', 'authPass', 'passwd'], 'It is `password`.'),
  ...all(['ssl', 'TLS', 'useTls', 'useTLS'], TLS),
  ...all(['unixSocket', 'socketPath'], 'It is `path`.'),
  ...all(['masterName', 'sentinelName', 'sentinelMaster'], 'It is `name`, beside `sentinels`.'),
  ...all(['sentinel'], 'It is `sentinels`, a list of { host, port }.'),
  ...all(['prefix', 'keyPrefix', 'namespace'], PREFIX),
  ...all(['commandTimeout', 'connectTimeout', 'sentinelCommandTimeout', 'timeout'], TIMEOUT),
  ...all(['preferredSlaves', 'readOnly', 'scaleReads'], PRIMARY),
};

/** The remedy for an option of another library or version, or one that is not the user's to set. */
export function placeOfRedisOption(option: string): string {
  return (Object.hasOwn(PLACES, option) && PLACES[option]) || OURS;
}

function all(names: readonly string[], place: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, place]));
}
