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
 * A folder with what `node:…-bookworm-slim` holds: Debian, this Node and its npm. That image lies in a registry which not
 * every machine of CI reaches, and Debian's packages are wherever apt works.
 */
export async function nodeOnDebian(): Promise<string> {
  const recipe = [release, mirror, process.version, npmVersion, await readFile(authorities, 'utf8')].join('\n')
  return await cached('debian-node', recipe, async (directory) => {
    await must('debootstrap', ['--variant=minbase', release, directory, mirror], needs)
    const local = join(directory, 'usr/local')
    await copyFile(process.execPath, join(local, 'bin/node'))
    await must('npm', ['install', '--silent', '--prefix', join(directory, 'npm'), `npm@${npmVersion}`], needs)
    await mkdir(join(local, 'lib/node_modules'), { recursive: true })
    await rename(join(directory, 'npm/node_modules/npm'), join(local, 'lib/node_modules/npm'))
    await rm(join(directory, 'npm'), { recursive: true })
    await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'))
    await mkdir(join(directory, 'etc/ssl/certs'), { recursive: true })
    await copyFile(authorities, join(directory, authorities))
    await writeFile(join(directory, 'root/.npmrc'), `cafile=${authorities}\n`)
    // As npm does by itself.
    await writeFile(join(directory, 'etc/apt/apt.conf.d/80-retries'), 'Acquire::Retries "3";\n')
  })
}
