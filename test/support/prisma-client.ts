/**
 * A client of Prisma without models: what `prisma generate` writes for a schema with nothing but a data source. The generator itself
 * comes with programs of its own, which it downloads.
 */
import { PrismaMariaDb } from '@prisma/adapter-mariadb';
import { PrismaPg } from '@prisma/adapter-pg';
import * as runtime from '@prisma/client/runtime/client';
import type { PrismaInstance, PrismaTransaction } from '../../src/outbox/adapters/prisma.js';
import type { OutboxDialect } from '../../src/outbox/outbox-database.js';

/** What the tests use of a client. */
export interface PrismaClient extends PrismaInstance {
  $transaction<T>(run: (tx: PrismaTransaction) => Promise<T>, settings?: { readonly timeout?: number }): Promise<T>;
  $disconnect(): Promise<void>;
}

/** Connects to a database of the tests. */
export function prismaClient(url: string, dialect: OutboxDialect): PrismaClient {
  const provider = dialect === 'postgres' ? 'postgresql' : 'mysql';
  const Client = runtime.getPrismaClient({
    previewFeatures: [],
    clientVersion: '7.10.0',
    engineVersion: '0edf323efd1d98336f3f0a68684b56f689b900d3',
    activeProvider: provider,
    inlineSchema: `generator client {\n  provider = "prisma-client"\n  output   = "./generated"\n}\n\ndatasource db {\n  provider = "${provider}"\n}\n`,
    runtimeDataModel: { models: {}, enums: {}, types: {} },
    parameterizationSchema: { strings: [], graph: 'AAAA' },
    compilerWasm: {
      getRuntime: () => part(`${provider}.mjs`),
      getQueryCompilerWasmModule: async () => {
        const { wasm } = await part(`${provider}.wasm-base64.mjs`);
        return Reflect.construct(Reflect.get(globalThis, 'WebAssembly').Module, [Buffer.from(wasm, 'base64')]);
      },
      importName: './query_compiler_fast_bg.js',
    },
  });
  // the adapter takes the scheme of its own driver alone
  const adapter =
    dialect === 'postgres'
      ? new PrismaPg({ connectionString: url })
      : new PrismaMariaDb(url.replace(/^mysql:/, 'mariadb:'));
  return new Client({ adapter }) as unknown as PrismaClient;
}

/** Of the compiler of queries. The compiler of TypeScript has no types of it. */
function part(name: string) {
  return import(`@prisma/client/runtime/query_compiler_fast_bg.${name}`);
}
