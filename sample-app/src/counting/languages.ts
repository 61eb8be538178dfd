import { basename, extname } from 'node:path';

/** A language that can be counted. */
export interface Language {
  /** as people write it */
  readonly name: string;
  /** id of the Prism grammar that knows its comments and strings */
  readonly grammar: string;
  /** extensions, in lower case, and whole file names, in their own case */
  readonly files: readonly string[];
}

/** One line a language. Where an extension belongs to several, it stands with the most common one. */
const TABLE: readonly (readonly [name: string, grammar: string, files: string])[] = [
  ['Assembly', 'nasm', '.asm .nasm'],
  ['Astro', 'markup', '.astro'],
  ['Batch', 'batch', '.bat .cmd'],
  ['C', 'c', '.c .h'],
  ['C#', 'csharp', '.cs .csx'],
  ['C++', 'cpp', '.cc .cpp .cxx .c++ .hh .hpp .hxx .h++ .ipp .inl'],
  ['Clojure', 'clojure', '.clj .cljs .cljc .edn'],
  ['CMake', 'cmake', '.cmake CMakeLists.txt'],
  ['CoffeeScript', 'coffeescript', '.coffee'],
  ['CSS', 'css', '.css'],
  ['Dart', 'dart', '.dart'],
  ['Dockerfile', 'docker', '.dockerfile Dockerfile Containerfile'],
  ['Elixir', 'elixir', '.ex .exs'],
  ['Elm', 'elm', '.elm'],
  ['Erlang', 'erlang', '.erl .hrl'],
  ['F#', 'fsharp', '.fs .fsi .fsx'],
  ['Go', 'go', '.go'],
  ['GraphQL', 'graphql', '.graphql .gql'],
  ['Groovy', 'groovy', '.groovy .gradle Jenkinsfile'],
  ['Haskell', 'haskell', '.hs'],
  ['HCL', 'hcl', '.tf .hcl'],
  ['HTML', 'markup', '.html .htm .xhtml'],
  ['INI', 'ini', '.ini .cfg .editorconfig'],
  ['Java', 'java', '.java'],
  ['JavaScript', 'javascript', '.js .mjs .cjs'],
  ['JSON', 'json5', '.json .jsonc .json5 .webmanifest'],
  ['JSX', 'jsx', '.jsx'],
  ['Julia', 'julia', '.jl'],
  ['Kotlin', 'kotlin', '.kt .kts'],
  ['Less', 'less', '.less'],
  ['Lua', 'lua', '.lua'],
  ['Makefile', 'makefile', '.mk Makefile makefile GNUmakefile'],
  ['Markdown', 'markdown', '.md .markdown .mdx'],
  ['Nix', 'nix', '.nix'],
  ['Objective-C', 'objectivec', '.m .mm'],
  ['OCaml', 'ocaml', '.ml .mli'],
  ['Perl', 'perl', '.pl .pm'],
  ['PHP', 'php', '.php'],
  ['PowerShell', 'powershell', '.ps1 .psm1'],
  ['Protocol Buffers', 'protobuf', '.proto'],
  ['Python', 'python', '.py .pyi .gyp .gypi'],
  ['R', 'r', '.r'],
  ['Ruby', 'ruby', '.rb .rake .gemspec Gemfile Rakefile'],
  ['Rust', 'rust', '.rs'],
  ['Sass', 'sass', '.sass'],
  ['Scala', 'scala', '.scala .sc'],
  ['SCSS', 'scss', '.scss'],
  ['Shell', 'bash', '.sh .bash .zsh .ksh'],
  ['Solidity', 'solidity', '.sol'],
  ['SQL', 'sql', '.sql'],
  ['Svelte', 'markup', '.svelte'],
  ['SVG', 'markup', '.svg'],
  ['Swift', 'swift', '.swift'],
  ['TOML', 'toml', '.toml'],
  ['TSX', 'tsx', '.tsx'],
  ['TypeScript', 'typescript', '.ts .mts .cts'],
  ['Vue', 'markup', '.vue'],
  ['WebAssembly', 'wasm', '.wat .wast'],
  ['XML', 'markup', '.xml .xsd .xsl .xslt .plist .csproj .props'],
  ['YAML', 'yaml', '.yaml .yml'],
  ['Zig', 'zig', '.zig'],
];

/** Every language of the table. */
export const languages: readonly Language[] = TABLE.map(([name, grammar, files]) => ({
  name,
  grammar,
  files: files.split(' '),
}));

const byFile = new Map(languages.flatMap((language) => language.files.map((file) => [file, language] as const)));

/** The language of a file by its name alone; undefined when it is none we count. */
export function languageOf(path: string): Language | undefined {
  const name = basename(path);
  return byFile.get(name) ?? byFile.get(extname(name).toLowerCase());
}
