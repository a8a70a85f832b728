// Reads the Parquet of an archive with DuckDB, as docs/archive.md says, and holds
// it against what `results list` prints of the same runs.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'

const bin = resolve(import.meta.dirname, '../../bin')
const dir = mkdtempSync(join(tmpdir(), 'meshery-sql-'))
const archive = join(dir, 'archive')
let echo, db

const meshery = (...args) =>
  execFileSync(join(bin, 'kubectl-meshery'), args, {
    env: { ...process.env, HOME: dir, XDG_DATA_HOME: '', XDG_STATE_HOME: '', XDG_CONFIG_HOME: '', MESHERY_ARCHIVE: `file://${archive}` },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })

// run sends a little load. What it measures may be invalid on a busy machine: here
// only matters that both ways of reading say the same of it.
const run = (port, ...args) => {
  try {
    meshery('run', '--local', `http://127.0.0.1:${port}/`, '--duration', '2s', '--warmup', '0s', ...args)
  } catch (e) {
    assert.equal(e.status, 4, e.stderr)
  }
}

const listed = () => JSON.parse(meshery('results', 'list', '--limit', '0', '-o', 'json')).items

const query = async (sql) => (await db.runAndReadAll(sql)).getRowObjectsJson()

const freePort = () =>
  new Promise((done) => {
    const s = createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address()
      s.close(() => done(port))
    })
  })

before(async () => {
  const port = await freePort()
  const none = ['--https-listen', '', '--grpc-listen', '', '--tcp-listen', '', '--udp-listen', '', '--metrics-listen', '']
  echo = spawn(join(bin, 'meshery-agent'), ['echo', '--listen', `127.0.0.1:${port}`, ...none], { stdio: 'ignore' })
  for (let tries = 0; ; tries++) {
    try {
      await fetch(`http://127.0.0.1:${port}/`)
      break
    } catch (e) {
      if (tries > 200) throw e
      await new Promise((r) => setTimeout(r, 50))
    }
  }
  run(port, '--rate', '300', '--name', 'open', '--label', 'mesh=none', '--label', 'owner=team-1_a.b')
  run(port, '--rate', '200', '--name', 'open', '--label', 'mesh=istio')
  run(port, '--rate', 'max', '--requests', '500', '--name', 'closed')
  run(port, '--rate', '20', '--name', 'few')
  db = await (await DuckDBInstance.create(':memory:')).connect()
})

after(() => {
  echo?.kill()
  rmSync(dir, { recursive: true })
})

// view is the one of docs/archive.md, on this archive.
const view = () => {
  const docs = readFileSync(resolve(import.meta.dirname, '../../docs/archive.md'), 'utf8')
  const sql = docs.match(/create view runs as[\s\S]*?;/)[0]
  assert.match(sql, /s3:\/\/perf\/team/)
  return sql.replace('create view', 'create or replace view').replace('s3://perf/team', archive)
}

const check = async () => {
  const items = listed()
  await db.run(view())
  const rows = await query('select * from runs order by run_id desc')
  assert.equal(rows.length, items.length)
  items.forEach((item, i) => {
    const row = rows[i]
    assert.equal(row.run_id, item.runID)
    assert.equal(row.name, item.name)
    assert.equal(row.mesh, item.mesh ?? '')
    assert.equal(row.target, item.target)
    assert.equal(row.valid, item.valid)
    assert.equal(row.phase, item.phase)
    const made = new Date(parseInt(item.runID.replaceAll('-', '').slice(0, 12), 16))
    assert.equal(row.month, made.toISOString().slice(0, 7))
    assert.deepEqual(Object.fromEntries(row.labels.map(({ key, value }) => [key, value])), item.labels ?? {})
    assert.equal(Number(row.requests_sent), item.requests.sent)
    assert.equal(row.rate_achieved, item.rate.achieved)
    assert.equal(row.rate_target, item.rate.target ?? null)
    assert.equal(Number(row.result_bytes), item.size)
    assert.equal(row.result_sha256, item.sha256)
    for (const [column, latency] of [['response', item.responseTime], ['service', item.serviceTime]]) {
      assert.equal(row[`${column}_count`] === null ? undefined : Number(row[`${column}_count`]), latency?.count)
      for (const p of ['min', 'mean', 'p50', 'p75', 'p90', 'p95', 'p99', 'p999', 'p9999', 'max']) {
        assert.equal(row[`${column}_${p}_ms`], latency?.[p] ?? null, `${column} ${p} of ${item.name}`)
      }
    }
  })
  return items
}

test('DuckDB reads what results list prints', async () => {
  const items = await check()
  assert.equal(items.length, 4)
  // The cases that could go wrong are there: no response time, and too few for p99.
  assert.equal(items.find((i) => i.name === 'closed').responseTime, undefined)
  assert.equal(items.find((i) => i.name === 'few').responseTime.p99, undefined)
  assert.ok(items.filter((i) => i.name === 'open').every((i) => i.responseTime.p99 > 0))
})

test('also after the rows are merged', async () => {
  const files = () => readdirSync(join(archive, 'parquet'), { recursive: true }).filter((f) => f.endsWith('.parquet'))
  assert.equal(files().length, 4)
  meshery('archive', 'compact')
  assert.equal(files().length, 1)
  await check()
})

test('the queries of the docs', async () => {
  await db.run(view())
  const docs = readFileSync(resolve(import.meta.dirname, '../../docs/archive.md'), 'utf8')
  const queries = docs.match(/^select [\s\S]*?;/gm)
  assert.equal(queries.length, 2)
  for (const sql of queries) await query(sql)
  const start = listed().find((i) => i.labels?.mesh === 'istio').start
  const [row] = await query("select epoch_us(start) as t, labels['mesh'] as mesh from runs where mesh = 'istio'")
  assert.equal(row.mesh, 'istio')
  assert.equal(BigInt(row.t), BigInt(Date.parse(start)) * 1000n + BigInt((start.match(/\.\d{3}(\d{0,3})/)?.[1] ?? '').padEnd(3, '0') || 0))
})
