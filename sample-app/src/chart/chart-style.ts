interface Palette {
  readonly card: string;
  readonly edge: string;
  readonly grid: string;
  readonly text: string;
  readonly muted: string;
  readonly code: string;
  readonly comments: string;
  readonly blanks: string;
}

const LIGHT: Palette = {
  card: '#ffffff',
  edge: '#d9dee5',
  grid: '#eaedf1',
  text: '#1b2129',
  muted: '#5c6773',
  code: '#2f6fed',
  comments: '#14a896',
  blanks: '#c3ccd7',
};

const DARK: Palette = {
  card: '#10151c',
  edge: '#2b333d',
  grid: '#212932',
  text: '#e8edf3',
  muted: '#95a1ae',
  code: '#5b94ff',
  comments: '#2cc4b0',
  blanks: '#48535f',
};

/** Written out, not as custom properties: renderers that are no browsers do not know those. */
function colours({ card, edge, grid, text, muted, code, comments, blanks }: Palette): string {
  return `.code-stats text { fill: ${text}; }
.code-stats .muted { fill: ${muted}; }
.code-stats .card { fill: ${card}; stroke: ${edge}; }
.code-stats .grid { stroke: ${grid}; }
.code-stats .code { fill: ${code}; }
.code-stats .comments { fill: ${comments}; }
.code-stats .blanks { fill: ${blanks}; }`;
}

/**
 * The look of the chart; light or dark as the reader prefers.
 *
 * Every rule starts with `.code-stats`, so that a page which inlines the SVG keeps its own look.
 */
export const CHART_STYLE = `
.code-stats text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  font-size: 14px; font-variant-numeric: tabular-nums; }
.code-stats .title { font-size: 22px; font-weight: 650; }
.code-stats .small { font-size: 12px; }
.code-stats .strong { font-weight: 600; }
.code-stats .end { text-anchor: end; }
.code-stats .middle { text-anchor: middle; }
${colours(LIGHT)}
@media (prefers-color-scheme: dark) {
${colours(DARK)}
}
`;
