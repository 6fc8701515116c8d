import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Image } from '../cluster/kubelet/images.ts'
import { must } from '../harness/cache.ts'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { nodeOnDebian } from './base.ts'

export const targets = ['services', 'runner', 'trainer'] as const
export type Target = (typeof targets)[number]

export interface BuiltImage extends Image {
  /** As whom it runs, if nobody says otherwise. */
  readonly user: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
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

/** The images of the Dockerfile as it is; their files lie on this machine until the test ends. */
export async function buildImages(t: Ending): Promise<Readonly<Record<Target, BuiltImage>>> {
  const store = await mkdtemp(join(tmpdir(), 'images-'))
  cleanup(t, () => rm(store, { recursive: true, force: true }))
  const folders = ['--root', join(store, 'images'), '--runroot', join(store, 'run'), '--storage-driver', 'overlay']
  // What runs while an image is built runs on this machine's network, as apt and npm here do.
  const buildah = async (command: string, ...parameters: string[]) =>
    (await must('buildah', [...folders, command, ...parameters], needs, { BUILDAH_ISOLATION: 'chroot' })).trim()
  const [, base = ''] = /^FROM (\S+) AS/m.exec(await readFile(join(root, 'Dockerfile'), 'utf8')) ?? []
  const container = await buildah('from', 'scratch')
  cleanup(t, () => buildah('rm', '--all'))
  await buildah('copy', container, await nodeOnDebian(), '/')
  await buildah('commit', '--rm', container, `docker.io/library/${base}`)

  async function build(target: Target): Promise<BuiltImage> {
    // With layers, what two of them begin with is made once.
    await buildah('build', '--layers', '--pull-never', '--target', target, '--tag', target, root)
    const { config } = Configuration.parse(JSON.parse(await buildah('inspect', '--type=image', target))).OCIv1
    const files = await buildah('mount', await buildah('from', '--pull-never', target))
    return {
      root: files,
      environment: Object.fromEntries(config.Env.map((each) => each.split(/=(.*)/s, 2))),
      entrypoint: config.Entrypoint,
      command: config.Cmd,
      workingDirectory: config.WorkingDir,
      user: config.User,
    }
  }
  return { services: await build('services'), runner: await build('runner'), trainer: await build('trainer') }
}
