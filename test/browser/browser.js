// Starts the browser and says what is wrong with a page in it.
import {accessSync, constants} from 'node:fs';
import {delimiter, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import axe from 'axe-core';
import puppeteer from 'puppeteer-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

// executable is the browser: CHROMIUM, or the first of its usual names on PATH.
function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const dir of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(dir, name), constants.X_OK);
        return join(dir, name);
      } catch {
        // not here
      }
    }
  }
  throw new Error(`none of ${names.join(', ')} is on PATH: install Chromium, or name it in CHROMIUM`);
}

export function launch() {
  // Chromium's sandbox does not work for root; the pages are our own.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return puppeteer.launch({executablePath: executable(), args});
}

// open opens a file as media 'screen' or 'print', in a colour scheme, and notes what it
// says and asks for.
export async function open(browser, file, {width = 1280, media = 'screen', scheme = 'light'} = {}) {
  const page = await browser.newPage();
  const url = pathToFileURL(file).href;
  const findings = [];
  page.on('console', (m) => findings.push(`console ${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => findings.push(`script error: ${e.message}`));
  page.on('request', (r) => {
    if (r.url() !== url) findings.push(`request: ${r.url()}`);
  });
  page.on('requestfailed', (r) => findings.push(`failed request: ${r.url()}`));
  await page.setViewport({width, height: 900});
  // At once: puppeteer's own functions for one and the other undo each other.
  const session = await page.createCDPSession();
  await session.send('Emulation.setEmulatedMedia', {media, features: [{name: 'prefers-color-scheme', value: scheme}]});
  await page.goto(url, {waitUntil: 'load'});
  const seen = await page.evaluate(() => [matchMedia('print').matches, matchMedia('(prefers-color-scheme: dark)').matches]);
  if (seen[0] !== (media === 'print') || seen[1] !== (scheme === 'dark')) {
    throw new Error(`the browser shows print ${seen[0]}, dark ${seen[1]}`);
  }
  return {page, findings};
}

// inspect says what is wrong with a file, and which charts it has. Without axe it is
// quicker.
export async function inspect(browser, file, {withAxe = true, ...options} = {}) {
  const {page, findings} = await open(browser, file, options);
  try {
    // What is folded away must be right, too.
    await page.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));
    const {charts, faults} = await page.evaluate(look);
    findings.push(...faults);
    if (withAxe) findings.push(...(await barriers(page)));
    return {charts, findings};
  } finally {
    await page.close();
  }
}

// barriers are the serious and critical findings of axe-core.
async function barriers(page) {
  await page.evaluate(axe.source);
  const {violations} = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ['violations']}));
  return violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `axe ${v.impact} ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
}

// look runs in the page. A chart is seen where it has a size, text with a size, and
// lines or areas with a colour that is not the page's.
function look() {
  const faults = [];
  const charts = [];
  const background = getComputedStyle(document.body).backgroundColor;
  const seen = (e) => {
    const b = e.getBoundingClientRect();
    return b.width > 0 && b.height > 0;
  };
  for (const svg of document.querySelectorAll('svg')) {
    const id = svg.querySelector('title')?.id.replace(/-title$/, '');
    const box = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')];
    // Series and verdicts; grid lines alone are no chart.
    const shapes = [...svg.querySelectorAll('path:not(.s-rule, .s-ink, .f-rule)')].filter((p) => {
      const s = getComputedStyle(p);
      return [s.stroke, s.fill].some((c) => c !== 'none' && c !== background);
    });
    if (!id || box.width < 200 || box.height < 50) faults.push(`chart ${id} has the size ${box.width} x ${box.height}`);
    if (texts.length < 3 || !texts.every((t) => t.textContent.trim() !== '' && seen(t))) faults.push(`chart ${id} has ${texts.length} texts, and not all are seen`);
    if (texts.some((t) => [background, 'none'].includes(getComputedStyle(t).fill))) faults.push(`chart ${id} has text that is not seen`);
    if (shapes.length === 0) faults.push(`chart ${id} has no figures that are seen`);
    for (const t of texts) {
      const b = t.getBoundingClientRect();
      if (b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 1 || b.bottom > box.bottom + 1) faults.push(`chart ${id}: "${t.textContent}" is cut off`);
    }
    charts.push(id);
  }
  for (const f of document.querySelectorAll('figure')) {
    if (!f.querySelector('svg') && !f.querySelector('.absent')?.textContent.trim()) faults.push(`figure "${f.textContent.trim()}" has no chart and no reason`);
  }
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) {
    const widest = [...document.querySelectorAll('body *')].sort((a, b) => b.getBoundingClientRect().right - a.getBoundingClientRect().right)[0];
    faults.push(`the page is ${page.scrollWidth} wide in a window of ${page.clientWidth}: <${widest.tagName} class="${widest.className}">`);
  }
  return {charts, faults};
}
