import { createContext, Script } from 'node:vm';
import Prism from 'prismjs';
import loadGrammars from 'prismjs/components/index.js';
import { type Language, languages } from './languages.js';

/** Gets a piece of source text, in order, so that all of them together are the text. */
export type OnPiece = (text: string, isComment: boolean) => void;

/** No real file comes near it; it stops one that was made, or mangled, to confuse a lexer for hours. */
const TIME_LIMIT_MS = 2_000;

loadGrammars([...new Set(languages.map(({ grammar }) => grammar))]);

/**
 * Cuts source text into comments and the rest.
 *
 * Only a real lexer distinguishes the comment from the string in `"http://a" // b`, so Prism, a syntax highlighter, reads
 * the text with the grammar of its language, and all we ask of its tokens is whether they are comments.
 *
 * @throws an error with the code ERR_SCRIPT_EXECUTION_TIMEOUT after two seconds
 */
export function findComments(text: string, { grammar }: Language, onPiece: OnPiece): void {
  const rules = Prism.languages[grammar];
  if (!rules) throw new Error(`Prism has no grammar "${grammar}".`);
  visit(
    withinTimeLimit(() => Prism.tokenize(text, rules)),
    false,
    onPiece,
  );
}

function visit(stream: Prism.TokenStream, isComment: boolean, onPiece: OnPiece): void {
  if (typeof stream === 'string') onPiece(stream, isComment);
  else if (Array.isArray(stream)) for (const token of stream) visit(token, isComment, onPiece);
  else visit(stream.content, isComment || stream.type === 'comment', onPiece);
}

const cell = createContext(Object.create(null) as { work: () => unknown });
const callWork = new Script('work()');

/** Scripts of `node:vm` are the only synchronous code that Node can interrupt, even in the midst of a regular expression. */
function withinTimeLimit<T>(work: () => T): T {
  cell.work = work;
  return callWork.runInContext(cell, { timeout: TIME_LIMIT_MS }) as T;
}
