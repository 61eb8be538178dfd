/** The build writes each element as a call of `h`: that is shorter than what it would import by itself. */
export { Fragment, h } from 'preact';
