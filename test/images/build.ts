import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Image } from '../cluster/kubelet/images.ts'
import { must } from '../harness/cache.ts'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { nodeOnDebian, pythonOnDebian } from './base.ts'

/** The images of the Dockerfile. */
export const targets = ['services', 'runner', 'trainer'] as const
type Target = (typeof targets)[number]

/** Those, and the one of the program in Python. */
export type Images = Readonly<Record<Target | 'python', BuiltImage>>

export interface BuiltImage extends Image {
  /** As whom it runs, if nobody says otherwise. */
  readonly user: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const python = join(root, 'services/trainer/python')
const needs =
  'The images are built by buildah, which takes the Dockerfile as Docker does and needs no daemon. Install it and debootstrap (apt-get install buildah debootstrap), then run make test-images again as root.'

const Configuration = z.object({
  OCIv1: z.object({
    config: z.object({
      User: z.string(),
      Env: z.array(z.string()).default([]),
      Entrypoint: z.array(z.string()).default([]),
      Cmd: z.array(z.string()).default([]),
      WorkingDir: z.string().default('/'),
    }),
  }),
})

/** The images of the Dockerfiles as they are; their files lie on this machine until the test ends. */
export async function buildImages(t: Ending): Promise<Images> {
  const store = await mkdtemp(join(tmpdir(), 'images-'))
  cleanup(t, () => rm(store, { recursive: true, force: true }))
  const folders = ['--root', join(store, 'images'), '--runroot', join(store, 'run'), '--storage-driver', 'overlay']
  // What runs while an image is built runs on this machine's network, as apt, npm and pip here do.
  const buildah = async (command: string, ...parameters: string[]) =>
    (await must('buildah', [...folders, command, ...parameters], needs, { BUILDAH_ISOLATION: 'chroot' })).trim()
  cleanup(t, () => buildah('rm', '--all'))

  /** Puts a folder in the place of what the Dockerfile begins with. */
  async function standIn(folder: string, files: string): Promise<void> {
    const [, base = ''] = /^FROM (\S+)/m.exec(await readFile(join(folder, 'Dockerfile'), 'utf8')) ?? []
    const container = await buildah('from', 'scratch')
    await buildah('copy', container, files, '/')
    await buildah('config', '--env', 'PATH=/usr/local/bin:/usr/bin:/bin', container)
    await buildah('commit', '--rm', container, `docker.io/library/${base}`)
  }

  async function build(name: string, folder: string, ...target: readonly string[]): Promise<BuiltImage> {
    // With layers, what two of them begin with is made once.
    await buildah('build', '--layers', '--pull-never', ...target, '--tag', name, folder)
    const { config } = Configuration.parse(JSON.parse(await buildah('inspect', '--type=image', name))).OCIv1
    const files = await buildah('mount', await buildah('from', '--pull-never', name))
    return {
      root: files,
      environment: Object.fromEntries(config.Env.map((each) => each.split(/=(.*)/s, 2))),
      entrypoint: config.Entrypoint,
      command: config.Cmd,
      workingDirectory: config.WorkingDir,
      user: config.User,
    }
  }

  const ofTarget = (target: Target) => build(target, root, '--target', target)
  await standIn(root, await nodeOnDebian())
  const [services, runner, trainer] = [await ofTarget('services'), await ofTarget('runner'), await ofTarget('trainer')]
  await standIn(python, await pythonOnDebian())
  return { services, runner, trainer, python: await build('python', python) }
}
