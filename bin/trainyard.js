#!/usr/bin/env node
// Runs with whatever Node is at hand (18 or newer) and hands over to the Node that the package brings along, because
// the command itself is TypeScript run as it is. Plain JavaScript without dependencies for that reason.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The package's own Node: where npm's install script links it, or, if scripts were not run, where it was unpacked. */
function ownNode() {
  const executable = process.platform === 'win32' ? 'node.exe' : 'node'
  const linked = join(root, 'node_modules', 'node', 'bin', executable)
  if (existsSync(linked)) return linked
  const folders = [join(root, 'node_modules', 'node', 'node_modules'), join(root, 'node_modules')]
  for (const folder of folders.filter(existsSync)) {
    for (const name of readdirSync(folder)) {
      const unpacked = join(folder, name, 'bin', executable)
      if (/^node-[a-z]+/.test(name) && existsSync(unpacked)) return unpacked
    }
  }
  return undefined
}

const node = ownNode()
if (node === undefined) {
  process.stderr.write(`trainyard: its own Node is not installed in ${root}. Run "npm ci" there, then try again.\n`)
  process.exit(1)
}

const main = join(root, 'services', 'cli', 'main.ts')
// What Node has made of the sources is kept from call to call, which halves the time that a command takes to start.
const env = { NODE_COMPILE_CACHE: join(root, '.cache', 'compile'), ...process.env }
// What is young in Node's memory may otherwise grow to 128 MB, of which a service that was busy once gives nothing back:
// most of its memory then. With 2 × 16 MB, as in earlier Nodes, it takes no more of the processor.
const flags = ['--max-semi-space-size=16']
const child = spawn(node, [...flags, main, ...process.argv.slice(2)], { stdio: 'inherit', env })

// A terminal sends Ctrl-C to the whole group, so the child has it already, and a second one would cut its stop short.
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) child.kill('SIGINT')
})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))

child.on('error', (error) => {
  process.stderr.write(`trainyard: ${node} does not start (${error.message}). Run "npm ci" in ${root} again.\n`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + (constants.signals[signal] ?? 0)))
