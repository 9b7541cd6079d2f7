// The handler of the scenario `parse`, in a worker thread: parses every value. Offsets must rise. [bench]
const next = new Map()

export default function parseBatch(batch) {
  let price = 0
  let expected = next.get(batch.partition) ?? 0
  for (const record of batch) {
    if (record.offset !== expected)
      throw new Error(`${batch.topic}[${batch.partition}]: ${record.offset}, not ${expected}`)
    expected++
    price += JSON.parse(record.value).price
  }
  next.set(batch.partition, expected)
  if (Number.isNaN(price)) throw new Error('a value without a price')
}
