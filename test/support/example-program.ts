import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import type { Example } from './examples.js';

interface Placed {
  readonly example: Example;
  /** where it was written to be compiled */
  readonly path: string;
  /** lines that were put in front of it */
  readonly shift: number;
}

const UNUSED = new Set([6133, 6192, 6196, 6198]);

/**
 * Compiles examples in one program, like the files of an app that has installed the package, and returns its errors
 * with them: `docs/tasks.md:12 Cannot find name 'queue'.`
 *
 * @param root of the repository
 * @param app files that every example may import; a named block of the same page comes before the file of that name
 * @param directory emptied, and left with the compiled files
 */
export class ExampleProgram {
  constructor(
    private readonly root: string,
    private readonly app: string,
    private readonly directory: string,
  ) {}

  logOnce(examples: readonly Example[]): string[] {
    rmSync(this.directory, { recursive: true, force: true });
    const placed = examples.map((example) => this.place(example));
    const program = ts.createProgram({ rootNames: placed.map(({ path }) => path), options: this.options() });
    return placed.flatMap((place) => errorsOf(program, place));
  }

  private place(example: Example): Placed {
    const page = join(this.directory, example.file.replace(/\W/g, '-'));
    mkdirSync(page, { recursive: true });
    cpSync(this.app, page, { recursive: true, force: false });
    const named = /^\/\/ ([\w.-]+\.ts)\n/.exec(example.code)?.[1];
    const path = join(page, named ?? `line-${example.line}.ts`);
    const { text, shift } = isWhole(example.code) ? { text: example.code, shift: 0 } : this.completed(example);
    writeFileSync(path, text);
    return { example, path, shift };
  }

  /** A fragment in the body of a function, so that it may await, return, and declare names that the prelude has. */
  private completed({ code, prelude }: Example): { text: string; shift: number } {
    const own = prelude
      ? [{ file: `prelude-${prelude}`, names: namesIn(join(this.app, `prelude-${prelude}.ts`)) }]
      : [];
    const taken = own.flatMap(({ names }) => names);
    const names = namesIn(join(this.app, 'prelude.ts')).filter((name) => !taken.includes(name));
    const preludes = [{ file: 'prelude', names }, ...own];
    const heads = [
      `import { ${namesIn(join(this.root, 'src/index.ts')).join(', ')} } from 'nestwork';`,
      `import { ${namesIn(join(this.root, 'src/dashboard/index.ts')).join(', ')} } from 'nestwork/dashboard';`,
      `import { ${namesIn(join(this.root, 'src/outbox/index.ts')).join(', ')} } from 'nestwork/outbox';`,
      `import { ${namesIn(join(this.root, 'src/telemetry/otel/index.ts')).join(', ')} } from 'nestwork/otel';`,
      `import { ${namesIn(join(this.root, 'src/testing/index.ts')).join(', ')} } from 'nestwork/testing';`,
      ...preludes.map(({ file, names }) => `import { ${names.join(', ')} } from './${file}.js';`),
    ];
    const body = code.replace(/^export /gm, '');
    return { text: [...heads, `export async function example() {\n${body}}\n`].join('\n'), shift: heads.length + 1 };
  }

  private options(): ts.CompilerOptions {
    return {
      ...compilerOptionsOf(this.root),
      isolatedModules: false,
      noUnusedParameters: false,
      paths: {
        nestwork: [join(this.root, 'src/index.ts')],
        'nestwork/dashboard': [join(this.root, 'src/dashboard/index.ts')],
        'nestwork/otel': [join(this.root, 'src/telemetry/otel/index.ts')],
        'nestwork/outbox': [join(this.root, 'src/outbox/index.ts')],
        'nestwork/testing': [join(this.root, 'src/testing/index.ts')],
        'nestwork/testing/jest': [join(this.root, 'src/testing/jest.ts')],
      },
    };
  }
}

/** The options of the project, for a program of other files. */
export function compilerOptionsOf(root: string): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  return ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root).options;
}

/** The names that a file exports, in declarations and in lists. */
function namesIn(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const declared = [...text.matchAll(/^export (?:declare |abstract )*(?:const|class|interface|type|function) (\w+)/gm)];
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) => names.split(','));
  return [...declared.map(([, name = '']) => name), ...listed.map((name) => name.trim().replace(/^type /, ''))].filter(
    (name) => name !== '',
  );
}

/** A block that imports is a whole file. */
function isWhole(code: string): boolean {
  return /^import /m.test(code);
}

function errorsOf(program: ts.Program, { example, path, shift }: Placed): string[] {
  const source = program.getSourceFile(path);
  if (!source) return [`${example.file}:${example.line} is no part of the program.`];
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return found.flatMap(({ start = 0, code, messageText }) => {
    const line = source.getLineAndCharacterOfPosition(start).line;
    const text = source.text.split('\n')[line] ?? '';
    const inHead = line < shift;
    // a declaration of an example need not be used, an import must be
    if (UNUSED.has(code) && (inHead || !text.startsWith('import '))) return [];
    const message = ts.flattenDiagnosticMessageText(messageText, ' ');
    const where = `${example.file}:${example.line + line - shift}`;
    return [`${inHead ? relative(process.cwd(), path) : where} ${message}`];
  });
}
