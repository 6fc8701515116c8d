import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, must } from '../harness/cache.ts'

/** With which Node's own image comes; `npm ci` installs by its rules. */
const npmVersion = '11.6.2'
const release = 'bookworm'
const mirror = 'http://deb.debian.org/debian'
/** What this machine trusts, which may be more than Debian does: the registries behind a proxy of its own. */
const authorities = '/etc/ssl/certs/ca-certificates.crt'

const needs =
  'The images are built on a Debian that is put together from its packages: that needs Linux, root, debootstrap, a mirror of Debian and one of the npm registry.'

/**
 * A folder with what `node:…-bookworm-slim` holds: Debian, this Node and its npm. That image, like Python's, lies in a
 * registry which not every machine of CI reaches, and Debian's packages are wherever apt works.
 */
export async function nodeOnDebian(): Promise<string> {
  return await onDebian('debian-node', { recipe: [process.version, npmVersion], packages: [] }, async (directory) => {
    const local = join(directory, 'usr/local')
    await copyFile(process.execPath, join(local, 'bin/node'))
    await must('npm', ['install', '--silent', '--prefix', join(directory, 'npm'), `npm@${npmVersion}`], needs)
    await mkdir(join(local, 'lib/node_modules'), { recursive: true })
    await rename(join(directory, 'npm/node_modules/npm'), join(local, 'lib/node_modules/npm'))
    await rm(join(directory, 'npm'), { recursive: true })
    await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'))
    await writeFile(join(directory, 'root/.npmrc'), `cafile=${authorities}\n`)
  })
}

/** The same for `python:…-slim-bookworm`, but with Debian's own Python, which is an older one that the lock allows. */
export async function pythonOnDebian(): Promise<string> {
  return await onDebian('debian-python', { recipe: [], packages: ['python3', 'python3-pip'] }, async (directory) => {
    const local = join(directory, 'usr/local/bin')
    await symlink('/usr/bin/python3', join(local, 'python'))
    await symlink('/usr/bin/pip3', join(local, 'pip'))
    // Debian would keep pip away from its own packages.
    await rm(join(directory, 'usr/lib/python3.11/EXTERNALLY-MANAGED'))
    await writeFile(join(directory, 'etc/pip.conf'), `[global]\ncert = ${authorities}\n`)
  })
}

/** @param content what else it depends on, and the packages beside the essential ones */
async function onDebian(
  name: string,
  content: { readonly recipe: readonly string[]; readonly packages: readonly string[] },
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const { recipe, packages } = content
  const whole = [release, mirror, ...recipe, ...packages, await readFile(authorities, 'utf8')].join('\n')
  return await cached(name, whole, async (directory) => {
    const included = packages.length > 0 ? [`--include=${packages.join()}`] : []
    await must('debootstrap', ['--variant=minbase', ...included, release, directory, mirror], needs)
    await mkdir(join(directory, 'etc/ssl/certs'), { recursive: true })
    await copyFile(authorities, join(directory, authorities))
    // As npm does by itself.
    await writeFile(join(directory, 'etc/apt/apt.conf.d/80-retries'), 'Acquire::Retries "3";\n')
    await fill(directory)
  })
}
