import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** A piece of code in a page or a docstring. */
export interface Example {
  /** the page or source file, from the root of the repository */
  readonly file: string;
  /** of its first line of code there, from 1 */
  readonly line: number;
  readonly code: string;
  /** the names that a fragment sees besides those of every fragment: `name` of `<!-- prelude: name -->` */
  readonly prelude?: string;
}

const BLOCK = /^(?:<!-- (prelude|not compiled): (.+?) -->\n+)?```(\w*).*\n([\s\S]*?)^```$/gm;

/** The blocks of a page that are marked `ts`, but for those that say why they are not compiled. */
export function examplesOfPage(root: string, file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(BLOCK)].flatMap((match) => {
    const [all, marker, value, language, code = ''] = match;
    if (language !== 'ts' || marker === 'not compiled') return [];
    const line = lineOf(text, match.index + all.indexOf('```')) + 1;
    return [{ file, line, code, prelude: marker === 'prelude' ? value : undefined }];
  });
}

/** A name that the package exports. */
export interface Exported {
  readonly name: string;
  /** the docstrings of the declarations behind it, and of their members */
  readonly docstrings: readonly Docstring[];
}

interface Docstring {
  readonly file: string;
  /** of its first line of text, from 1 */
  readonly line: number;
  readonly lines: readonly string[];
  /** that of the export itself, not of a member */
  readonly isOwn: boolean;
}

/** The exports of the entry files of a package. */
export function exportsOf(root: string, entries: readonly string[], options: ts.CompilerOptions): Exported[] {
  const paths = entries.map((entry) => join(root, entry));
  const program = ts.createProgram({ rootNames: paths, options });
  const checker = program.getTypeChecker();
  return paths.flatMap((path) => {
    const source = program.getSourceFile(path);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`${path} exports nothing.`);
    return checker.getExportsOfModule(module).map((symbol) => {
      const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
      const { declarations = [] } = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
      return { name: symbol.name, docstrings: declarations.flatMap((declaration) => docstringsOf(root, declaration)) };
    });
  });
}

/** The `@example`s of an export and its members. */
export function examplesOfExport({ docstrings }: Exported): Example[] {
  return docstrings.flatMap(({ file, line, lines }) =>
    exampleStarts(lines).map((start) => {
      const rest = lines.slice(start + 1);
      const end = rest.findIndex((text) => NEXT_TAG.test(text));
      const code = (end < 0 ? rest : rest.slice(0, end)).filter((text) => !text.startsWith('```'));
      return { file, line: line + start + 1, code: `${code.join('\n')}\n` };
    }),
  );
}

/** A tag of documentation; decorators in an example begin with a capital. */
const NEXT_TAG = /^@[a-z]/;

function exampleStarts(lines: readonly string[]): number[] {
  return lines.flatMap((text, index) => (/^@example\s*$/.test(text) ? [index] : []));
}

/** The compiler takes `@Injectable()` for a tag, so docstrings are read as they are written. */
function docstringsOf(root: string, declaration: ts.Declaration): Docstring[] {
  const source = declaration.getSourceFile();
  // that of a constant stands in front of its statement
  const from = (ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration).getFullStart();
  const text = source.text.slice(from, declaration.getEnd());
  return [...text.matchAll(/\/\*\*(?:\n([\s\S]*?)^[ \t]*| (.*?) ?)\*\//gm)].map((match) => ({
    file: relative(root, source.fileName),
    line: lineOf(source.text, from + match.index) + 1,
    lines: (match[1] ?? match[2] ?? '').split('\n').map((line) => line.replace(/^\s*\* ?/, '')),
    isOwn: from + match.index < declaration.getStart(),
  }));
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
