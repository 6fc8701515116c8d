/** Runs the encoder: lists of word pieces in, sentence vectors out. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter'
import { type io, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core'
import { startBackend } from '../dense/backend.ts'

type Manifest = { modelTopology: object; weightsManifest: io.WeightsManifestConfig }

/** @param texts lists of the same length: padding would take time, and make a vector depend on its neighbours */
export type Encode = (texts: readonly (readonly number[])[]) => Promise<Float32Array>

export async function loadEncoder(folder: string): Promise<Encode> {
  await startBackend()
  const { modelTopology, weightsManifest }: Manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'))
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights)
  const weightData = weightsManifest.flatMap(({ paths }) =>
    paths.map((path) => Uint8Array.from(readFileSync(join(folder, path))).buffer),
  )
  const model = await loadGraphModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) })
  return (texts) => run(model, texts)
}

async function run(model: GraphModel, texts: readonly (readonly number[])[]): Promise<Float32Array> {
  const places = texts.flatMap((pieces, text) => pieces.flatMap((_, at) => [text, at]))
  const values = texts.flat()
  const inputs = {
    indices: tensor2d(Int32Array.from(places), [values.length, 2], 'int32'),
    values: tensor1d(Int32Array.from(values), 'int32'),
  }
  const output = (await model.executeAsync(inputs)) as Tensor
  const vectors = await output.data<'float32'>()
  for (const tensor of [inputs.indices, inputs.values, output]) tensor.dispose()
  return Float32Array.from(vectors)
}
