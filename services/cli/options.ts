/** Readers of option values; what they refuse is wrong use, said by commander with the option's name. */
import { InvalidArgumentError } from 'commander'

export function wholeNumber(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      const range = maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum} on` : `from ${minimum} to ${maximum}`
      throw new InvalidArgumentError(`Expected a whole number ${range}.`)
    }
    return value
  }
}
