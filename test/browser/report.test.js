// Opens reports in a real browser: nothing is loaded or complained about, all charts
// are seen, nobody is shut out (axe-core), and no page is wider than its window.
import assert from 'node:assert/strict';
import {readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {inspect, launch} from './browser.js';
import {write} from './pages.js';

let browser;
let dir;

before(async () => {
  dir = await write();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  if (dir) await rm(dir, {recursive: true});
});

const ofRuns = ['response-curve', 'service-curve', 'time-rate', 'time-latency', 'time-errors', 'node-latency', 'node-cpu', 'cost-cpu', 'cost-memory'];
const dots = Array.from({length: 13}, (_, i) => `dots-${i + 1}`);
const charts = {
  comparison: [...ofRuns, ...dots, 'comparison-1-differences'],
  variants: [...ofRuns, ...dots, 'comparison-1-differences', 'comparison-2-differences'],
  single: ofRuns,
  poor: ['response-curve', 'service-curve', 'time-rate', 'time-latency', 'time-errors', 'node-latency'],
  real: ['response-curve', 'service-curve', 'time-rate', 'node-latency'],
};

const views = [1280, 390].flatMap((width) => [
  {width, media: 'screen', scheme: 'light'},
  {width, media: 'screen', scheme: 'dark'},
  {width, media: 'print', scheme: 'dark'},
]);

for (const [name, wanted] of Object.entries(charts)) {
  // Of the largest page one view is enough: it is like the comparison, with more of it.
  for (const view of name === 'variants' ? views.slice(0, 1) : views) {
    test(`${name} at ${view.width}, ${view.media === 'print' ? 'print' : view.scheme}`, async () => {
      const {charts, findings} = await inspect(browser, join(dir, name + '.html'), view);
      assert.deepEqual(findings, []);
      assert.deepEqual(wanted.filter((id) => !charts.includes(id)), [], 'charts that are missing');
    });
  }
}

test('nothing secret is in the page of a real run', async () => {
  const text = await readFile(join(dir, 'real.html'), 'utf8');
  assert.match(text, /token=&lt;redacted&gt;/);
  assert.doesNotMatch(text, /secret/);
});

// Each of these is found, or the tests above would show nothing.
const planted = {
  'a picture from elsewhere': [/^(request|failed request|console error): /, (text) => text.replace('<main', '<img src="http://127.0.0.1:9/x.png" alt=""><main')],
  'a script': [/^console error: /, (text) => text.replace('<main', '<script>document.title = "x"</script><main')],
  'a request without the policy': [/^request: http:/, (text) => text.replace(/<meta http-equiv[^>]*>/, '').replace('<main', '<img src="http://127.0.0.1:9/x.png" alt=""><main')],
  'a changed style': [/^console error: /, (text) => text.replace('<style>', '<style> ')],
  'a button without a name': [/^axe critical button-name: /, (text) => text.replace('<main', '<button></button><main')],
  'quiet text': [/^axe serious color-contrast: /, (text) => unstyled(text).replace('</style>', 'main p{color:#ccc}</style>')],
  'a wide page': [/^the page is /, (text) => unstyled(text).replace('</style>', 'main{width:3000px}</style>')],
  'a chart of no size': [/ has the size /, (text) => unstyled(text).replace('</style>', '.chart{height:0!important}</style>')],
  'a chart without colours': [/ has no figures that are seen/, (text) => unstyled(text).replace('</style>', '.chart path{stroke:none!important;fill:none!important}</style>')],
  'a chart without text': [/ has 0 texts/, (text) => text.replaceAll(/<text.*<\/text>/g, '')],
  'text beside its chart': [/ is cut off/, (text) => text.replace(/<text class="([^"]*)" x="[^"]*"/, '<text class="$1" x="590"')],
  'a figure of nothing': [/ has no chart and no reason/, (text) => text.replace('<main', '<figure>x</figure><main')],
};

// unstyled lets other styles in than the page's own.
const unstyled = (text) => text.replace(/<meta http-equiv[^>]*>/, '');

for (const [name, [finding, plant]] of Object.entries(planted)) {
  test(`${name} is found`, async () => {
    const text = await readFile(join(dir, 'single.html'), 'utf8');
    const changed = plant(text);
    assert.notEqual(changed, text);
    const file = join(dir, 'planted.html');
    await writeFile(file, changed);
    const {findings} = await inspect(browser, file, {withAxe: finding.source.includes('axe')});
    assert.ok(findings.some((f) => finding.test(f)), `found only ${JSON.stringify(findings)}`);
  });
}
