// Writes the pictures of docs/report.md: npm run screenshots.
import {mkdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {launch, open} from './browser.js';
import {write} from './pages.js';

const images = fileURLToPath(new URL('../../docs/images', import.meta.url));
await mkdir(images, {recursive: true});
const dir = await write({real: false});
const browser = await launch();
for (const scheme of ['light', 'dark']) {
  const {page} = await open(browser, join(dir, 'comparison.html'), {width: 1240, scheme});
  await page.screenshot({path: join(images, `report-${scheme}.png`), clip: {x: 0, y: 0, width: 1240, height: 1060}, captureBeyondViewport: true});
}
await browser.close();
await rm(dir, {recursive: true});
