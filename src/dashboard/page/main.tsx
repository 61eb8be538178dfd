import { render } from 'preact';

render(<p>nestwork</p>, document.body);
