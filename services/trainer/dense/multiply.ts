/** Matrices row by row, and their product on the WebAssembly back end. */

import { matMul, type Tensor2D, tensor2d, transpose } from '@tensorflow/tfjs-core'

export type Matrix = { rows: number; columns: number; cells: Float32Array }

type Turned = { turnLeft?: boolean; turnRight?: boolean }

/**
 * left × right, either of them turned (transposed) first. To turn it in a step of its own is ten times as fast as to ask
 * the product for it.
 */
export function multiply(left: Matrix, right: Matrix, { turnLeft = false, turnRight = false }: Turned = {}): Matrix {
  const tensors: Tensor2D[] = []
  const keep = (tensor: Tensor2D): Tensor2D => {
    tensors.push(tensor)
    return tensor
  }
  const tensorOf = ({ rows, columns, cells }: Matrix, turn: boolean): Tensor2D => {
    const tensor = keep(tensor2d(cells, [rows, columns]))
    return turn ? keep(transpose(tensor)) : tensor
  }
  const product = keep(matMul(tensorOf(left, turnLeft), tensorOf(right, turnRight)))
  const [rows, columns] = product.shape
  const cells = product.dataSync<'float32'>().slice()
  for (const tensor of tensors) tensor.dispose()
  return { rows, columns, cells }
}
