const DATABASE = 'It is `db`, a number: redis: { host, db: 3 }.';
const URL_ALONE = "Give the URL itself: redis: 'redis://127.0.0.1:6379'.";
const TLS = 'It is `tls`: redis: { host, port, tls: {} }.';
const DIRECTLY = 'Give `host` and `port` directly: redis: { host, port }.';
const PRIMARY = 'Tasks are written, so it is always the primary.';
const TIMEOUT = 'Use `commandTimeout` of TaskQueueModule: it limits commands, and the time to connect.';
const PREFIX = 'Use `namespace` of TaskQueueModule: every key begins with it.';
const RECONNECTS =
  'Leave it out: nestwork connects, waits and connects again by itself, so that nothing is lost or done twice.';
const PROTOCOL = 'Leave it out: nestwork reads and writes in its own way, and would not understand Redis otherwise.';

/** What to do about an option that `redis` does not have: those of ioredis that nestwork sets, and other names of what there is. */
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
  ...all(
    [
      'autoResendUnfulfilledCommands',
      'autoResubscribe',
      'blockingTimeout',
      'blockingTimeoutGrace',
      'commandQueue',
      'Connector',
      'disconnectTimeout',
      'enableOfflineQueue',
      'enableReadyCheck',
      'lazyConnect',
      'maxLoadingRetryTime',
      'maxRetriesPerRequest',
      'offlineQueue',
      'reconnectOnError',
      'retryStrategy',
      'sentinelReconnectStrategy',
      'sentinelRetryStrategy',
      'socketTimeout',
    ],
    RECONNECTS,
  ),
  ...all(
    [
      'autoPipeliningIgnoredCommands',
      'enableAutoPipelining',
      'himportFieldsets',
      'monitor',
      'replyMapping',
      'scripts',
      'showFriendlyErrorStack',
      'stringNumbers',
    ],
    PROTOCOL,
  ),
};

/** The remedy for an option of another library or version, or one that is not the user's to set. */
export function placeOfRedisOption(option: string): string | undefined {
  return Object.hasOwn(PLACES, option) ? PLACES[option] : undefined;
}

function all(names: readonly string[], place: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, place]));
}
