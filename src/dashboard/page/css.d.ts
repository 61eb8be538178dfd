/** The style of a screen that is loaded later travels in its script, as a text. */
declare module '*.css' {
  const css: string;
  export default css;
}
