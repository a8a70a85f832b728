// Writes the pages that are opened: made-up ones, and one of a real run.
import {execFile} from 'node:child_process';
import {mkdtemp, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

// write writes all pages into a new directory, whose name it returns.
export async function write({real = true} = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'report-pages-'));
  const results = real ? [await measure(dir)] : [];
  await run('go', ['run', './plugin/internal/report/example/pages', '-dir', dir, ...results], {cwd: root});
  return dir;
}

// measure has the product itself call a server here, and keeps the Result in a file.
async function measure(dir) {
  const server = createServer((_, response) => response.end('ok'));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const plugin = join(dir, 'kubectl-meshery');
    await run('go', ['build', '-o', plugin, './plugin'], {cwd: root});
    const url = `http://127.0.0.1:${server.address().port}/?token=secret`;
    // A machine that is busy makes the run invalid (exit code 4), which is as good here.
    const {stdout} = await run(plugin, ['run', '--local', url, '--rate', '300', '--duration', '4s', '--warmup', '1s', '--archive', 'file://' + join(dir, 'archive'), '-o', 'json'], {maxBuffer: 1 << 26}).catch((e) => {
      if (e.code === 4 && e.stdout) return e;
      throw e;
    });
    const file = join(dir, 'real.json');
    await writeFile(file, stdout);
    return file;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
