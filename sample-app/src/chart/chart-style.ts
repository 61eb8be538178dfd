/**
 * Colours of the chart, for light and dark pages; the chart follows the reader's preference by itself.
 *
 * Every rule starts with `.code-stats`, so that a page which inlines the SVG keeps its own look.
 */
export const CHART_STYLE = `
.code-stats { --card: #ffffff; --edge: #d9dee5; --grid: #eaedf1; --text: #1b2129; --muted: #5c6773;
  --code: #2f6fed; --comments: #14a896; --blanks: #c3ccd7; }
@media (prefers-color-scheme: dark) {
  .code-stats { --card: #10151c; --edge: #2b333d; --grid: #212932; --text: #e8edf3; --muted: #95a1ae;
    --code: #5b94ff; --comments: #2cc4b0; --blanks: #48535f; }
}
.code-stats text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  font-size: 14px; fill: var(--text); font-variant-numeric: tabular-nums; }
.code-stats .card { fill: var(--card); stroke: var(--edge); }
.code-stats .grid { stroke: var(--grid); }
.code-stats .title { font-size: 22px; font-weight: 650; }
.code-stats .muted { fill: var(--muted); }
.code-stats .small { font-size: 12px; }
.code-stats .strong { font-weight: 600; }
.code-stats .end { text-anchor: end; }
.code-stats .middle { text-anchor: middle; }
.code-stats .code { fill: var(--code); }
.code-stats .comments { fill: var(--comments); }
.code-stats .blanks { fill: var(--blanks); }
`;
