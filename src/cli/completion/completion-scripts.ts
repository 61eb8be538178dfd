/** The first argument with which the scripts ask for words; no command has this name. */
export const ASKS = '__complete';
/** A line in place of words: the shell completes names of files. */
export const FILES = ':files';

/**
 * Each only asks the command that is being typed, which has its commands and options: so a script that was installed once
 * stays right.
 */
export const SCRIPTS = {
  bash: `
# completion of nestwork in bash: source <(nestwork completion bash)
_nestwork() {
  local line="\${COMP_LINE:0:COMP_POINT}" words found cur kept= IFS=$' \\t\\n'
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur="\${words[\${#words[@]}-1]}"
  IFS=$'\\n'
  found=($("\${words[0]}" ${ASKS} -- "\${words[@]:1}" 2>/dev/null </dev/null))
  if [[ \${found[0]} == ${FILES} ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
    return
  fi
  # readline replaces only the text behind these
  [[ $COMP_WORDBREAKS == *:* && $cur == *:* ]] && kept="\${cur%"\${cur##*:}"}"
  [[ $COMP_WORDBREAKS == *=* && $cur == *=* ]] && kept="\${cur%"\${cur##*=}"}"
  COMPREPLY=("\${found[@]#"$kept"}")
}
complete -F _nestwork nestwork
`,
  zsh: `
#compdef nestwork
# completion of nestwork in zsh: source <(nestwork completion zsh), after compinit
_nestwork() {
  local -a found
  found=("\${(@f)$("\${words[1]}" ${ASKS} -- "\${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
  if [[ \${found[1]} == ${FILES} ]]; then
    _files
  else
    compadd -- \${found:#}
  fi
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _nestwork "$@"
else
  compdef _nestwork nestwork
fi
`,
} as const;
