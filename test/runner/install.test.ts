import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cleanup } from '../harness/cleanup.ts'
import { temporaryFolder, writeProgram } from './program.ts'
import { startRunApi, token } from './run-api.ts'
import { type RunnerOptions, startRunner } from './runner.ts'

const runner = fileURLToPath(new URL('../../services/runner/', import.meta.url))

function install(...parameters: string[]): { status: number | null; stderr: string } {
  return installFrom(runner, ...parameters)
}

function installFrom(place: string, ...parameters: string[]): { status: number | null; stderr: string } {
  const previous = process.umask(0o077)
  try {
    return spawnSync(process.execPath, [join(place, 'install.ts'), ...parameters], { encoding: 'utf8' })
  } finally {
    process.umask(previous)
  }
}

/** How a pod starts what is installed in the folder. */
function installed(folder: string): RunnerOptions {
  return { node: join(folder, 'node'), entry: join(folder, 'services', 'runner', 'main.ts') }
}

async function modesOf(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true })
  const modes = await Promise.all(
    names.map(async (name) => [name, ((await stat(join(folder, name))).mode & 0o777).toString(8)] as const),
  )
  return Object.fromEntries(modes.sort(([a], [b]) => (a < b ? -1 : 1)))
}

test('a folder with the runner and its Node is all that an attempt needs: nothing else is in PATH, and it was never a checkout', async (t) => {
  const folder = await temporaryFolder(t)
  assert.equal(install(folder).status, 0)
  const api = await startRunApi(t)
  // Where there is no /proc, it asks ps when it was started.
  const environment = { PATH: process.platform === 'linux' ? '/nowhere' : '/bin', HOME: '/nowhere' }
  const { ended, workDirectory } = await startRunner(t, api.url, await writeProgram(t), {
    ...installed(folder),
    environment,
  })
  assert.equal(await ended, 0)
  assert.ok(api.committed !== undefined)
  assert.equal(JSON.parse(await readFile(join(workDirectory, 'exit.json'), 'utf8')).reason, 'done')
})

test('any user may read and run what is installed, whatever the umask, and nothing unfinished is left', async (t) => {
  const folder = await temporaryFolder(t)
  assert.equal(install(folder).status, 0)
  const files = (await readdir(runner)).map((name) => [`services/runner/${name}`, '644'] as const)
  assert.deepEqual(await modesOf(folder), {
    node: '755',
    'package.json': '644',
    services: '755',
    'services/runner': '755',
    ...Object.fromEntries(files),
  })
})

test('libraries that Node has beside it in the package come along, for any user to load', async (t) => {
  const [image, folder] = [await temporaryFolder(t), await temporaryFolder(t)]
  await cp(runner, join(image, 'services', 'runner'), { recursive: true })
  await writeFile(join(image, 'package.json'), '{ "type": "module" }')
  await mkdir(join(image, 'lib'))
  await writeFile(join(image, 'lib', 'libc.so.6'), 'a library')
  assert.equal(installFrom(join(image, 'services', 'runner'), folder).status, 0)
  const { lib, 'lib/libc.so.6': library } = await modesOf(folder)
  assert.deepEqual([lib, library], ['755', '755'])
  assert.equal(await readFile(join(folder, 'lib', 'libc.so.6'), 'utf8'), 'a library')
})

test('installing goes on from what an earlier try has left, also under a runner that is at work', async (t) => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'services', 'runner'), { recursive: true })
  for (const half of ['node.unfinished', 'node', 'services/runner/main.ts', 'services/runner/main.ts.unfinished']) {
    await writeFile(join(folder, half), 'half of ')
  }
  assert.equal(install(folder).status, 0)
  const api = await startRunApi(t)
  const program = await writeProgram(t, `while (!fs.existsSync('${folder}/go')) await new Promise(setImmediate)`)
  const { ended } = await startRunner(t, api.url, program, installed(folder))
  assert.equal(install(folder).status, 0)
  await writeFile(join(folder, 'go'), '')
  assert.equal(await ended, 0)
  assert.equal(Object.keys(await modesOf(folder)).filter((name) => name.endsWith('.unfinished')).length, 0)
})

test('a folder that cannot be written to, or none, is said in one line', async (t) => {
  const file = join(await temporaryFolder(t), 'file')
  await writeFile(file, '')
  await chmod(file, 0o600)
  const { status, stderr } = install(file)
  assert.equal(status, 1)
  assert.match(stderr, /^install: the runner could not be put into .*\n$/)
  assert.deepEqual([install().status, install('a', 'b', 'c').status], [2, 2])
})

test('the token is left for the runner alone, which removes it before the program starts (D10)', async (t) => {
  const folder = await temporaryFolder(t)
  const file = join(await temporaryFolder(t), 'token')
  assert.equal(install(folder, file).status, 2)
  process.env['TRAINYARD_ATTEMPT_TOKEN'] = token
  t.after(() => delete process.env['TRAINYARD_ATTEMPT_TOKEN'])
  assert.equal(install(folder, file).status, 0)
  assert.equal(((await stat(file)).mode & 0o777).toString(8), '600')
  const api = await startRunApi(t)
  const program = await writeProgram(t, `console.log('the file is there: ' + fs.existsSync('${file}'))`)
  const environment = { TRAINYARD_ATTEMPT_TOKEN_FILE: file }
  const { ended } = await startRunner(t, api.url, program, { ...installed(folder), token: '', environment })
  assert.equal(await ended, 0)
  assert.match(api.log.toString(), /^the file is there: false/)
})

test('in a container the runner is whom it is told to be, which is bound to the attempt (D13)', async (t) => {
  const uid = '8d3f0b6e-58e5-4c0e-9a52-0c8b6f6c1f3a'
  const api = await startRunApi(t)
  const first = await startRunner(t, api.url, await writeProgram(t), { environment: { TRAINYARD_RUNNER_ID: uid } })
  assert.equal(await first.ended, 0)
  assert.equal(api.claimedBy, uid)
})

test('a runner that is told to be what is no id is somebody all the same', async (t) => {
  const api = await startRunApi(t)
  const odd = await startRunner(t, api.url, await writeProgram(t), { environment: { TRAINYARD_RUNNER_ID: 'pod-7' } })
  assert.equal(await odd.ended, 0)
  assert.match(api.claimedBy ?? '', /^[0-9a-f-]{36}$/)
})

test("in a container the program has its image's environment and files, and nothing of what is the runner's (D10)", async (t) => {
  const image = await imageFolder(t, 'app/train.mjs')
  const api = await startRunApi(t)
  const told = { PYTHONPATH: '/srv', LD_LIBRARY_PATH: '/usr/local/cuda/lib64', HOME: '/tmp' }
  const { ended } = await startRunner(t, api.url, ['node', 'app/train.mjs', 'wide'], {
    directory: image,
    environment: {
      ...told,
      TRAINYARD_IN_CONTAINER: 'true',
      TRAINYARD_ATTEMPT_TOKEN: 'the-token-of-this-attempt',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
    },
  })
  assert.equal(await ended, 0, api.log.toString())
  const { parameters, environment } = JSON.parse(api.log.toString().split('\n')[0] ?? '')
  assert.deepEqual(parameters, ['wide', 'train'])
  for (const [name, value] of Object.entries(told)) assert.equal(environment[name], value)
  const ours = Object.keys(environment).filter((name) => /^(TRAINYARD|KUBERNETES)_|TRACEPARENT/.test(name))
  assert.deepEqual(ours.sort(), [
    'TRAINYARD_CACHE_DIR',
    'TRAINYARD_CHECKPOINT_DIR',
    'TRAINYARD_INPUT_DIR',
    'TRAINYARD_OUTPUT_DIR',
  ])
})

/** The working directory of an image, with a program that says how it was started. */
async function imageFolder(t: TestContext, program: string): Promise<string> {
  const image = await mkdtemp(join(tmpdir(), 'trainyard-image-'))
  cleanup(t, () => rm(image, { recursive: true, force: true }))
  const [, written = ''] = await writeProgram(
    t,
    'console.log(JSON.stringify({ parameters: process.argv.slice(2), environment: process.env }))',
  )
  await mkdir(join(image, 'app'))
  await writeFile(join(image, program), await readFile(written))
  return image
}
