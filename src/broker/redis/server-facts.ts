import type { ServerFacts } from '../port/checkup-port.js';

const OLDEST_MAJOR = 7;
/** Fields of INFO that are `ok` after a save that worked. */
const SAVES = ['rdb_last_bgsave_status', 'aof_last_write_status', 'aof_last_bgrewrite_status'];

/** Reads the answer to INFO. */
export function parseServerFacts(info: string): ServerFacts {
  const fields = new Map([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]));
  const version = fields.get('redis_version');
  const appends = fields.get('aof_enabled');
  return {
    version,
    isSupported: version === undefined || Number.parseInt(version, 10) >= OLDEST_MAJOR,
    oldest: OLDEST_MAJOR,
    isCluster: fields.get('redis_mode') === 'cluster',
    replicaOf: fields.get('role') === 'slave' ? `${fields.get('master_host')}:${fields.get('master_port')}` : undefined,
    evictionPolicy: fields.get('maxmemory_policy'),
    usedMemory: numberIn(fields.get('used_memory')),
    maxMemory: numberIn(fields.get('maxmemory')),
    appends: appends === undefined ? undefined : appends === '1',
    failedSave: SAVES.find((name) => (fields.get(name) ?? 'ok') !== 'ok'),
  };
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
