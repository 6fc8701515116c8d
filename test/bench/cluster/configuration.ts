import { echoConfiguration } from '../../chain/bot.ts'

/** One job type on a GPU, with as many slots. */
export const onGpu = (slots: number): string =>
  echoConfiguration({}, 'placements:\n  gpu: { gpus: 1, memoryGiB: 1 }').replace(
    'slots: 4',
    `slots: ${slots}\n    placement: gpu`,
  )
