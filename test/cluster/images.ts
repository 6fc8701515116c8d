import { fileURLToPath } from 'node:url'

const inPackage = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** What the runner's image holds, for a kubelet under test. */
export const runnerImage: Readonly<Record<string, string>> = {
  '/trainyard-runner/node': process.execPath,
  '/trainyard-runner/package.json': inPackage('package.json'),
  '/trainyard-runner/services/runner': inPackage('services/runner'),
}

/** What every other image holds: the package. */
export const packageImage: Readonly<Record<string, string>> = {
  '/srv/package.json': inPackage('package.json'),
  '/srv/node_modules': inPackage('node_modules'),
  '/srv/schemas': inPackage('schemas'),
  '/srv/services': inPackage('services'),
}
