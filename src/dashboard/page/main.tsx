import { render } from 'preact';
import { followKeys } from './keys.js';
import { followLive } from './live.js';
import { followRowKeys } from './parts/row-keys.js';
import { followTime } from './parts/times.js';
import { followSession } from './session.js';
import { applySettings } from './settings.js';
import { Shell } from './shell/shell.js';

applySettings();
followTime();
followKeys();
followRowKeys();
followSession();
followLive();
render(<Shell />, document.body);
