import { findComments } from './find-comments.js';
import type { Language } from './languages.js';

/** Lines by their content; their sum is the number of lines. */
export interface LineCounts {
  /** with code on them, also beside a comment */
  code: number;
  /** with comments only */
  comments: number;
  /** with nothing but white space, also inside comments */
  blanks: number;
}

/** Counts the lines of one source text. A last line without an end counts; nothing after the last end does not. */
export function countLines(text: string, language: Language): LineCounts {
  const counts: LineCounts = { code: 0, comments: 0, blanks: 0 };
  let line: keyof LineCounts = 'blanks';
  const note = (part: string, isComment: boolean) => {
    if (line !== 'code' && part.trim() !== '') line = isComment ? 'comments' : 'code';
  };
  const endLine = () => {
    counts[line] += 1;
    line = 'blanks';
  };
  findComments(text, language, (piece, isComment) => {
    const [first = '', ...others] = piece.split('\n');
    note(first, isComment);
    for (const part of others) {
      endLine();
      note(part, isComment);
    }
  });
  if (text !== '' && !text.endsWith('\n')) endLine();
  return counts;
}
