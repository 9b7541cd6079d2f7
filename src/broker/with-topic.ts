// A topic of its own for a test: made with a unique name, deleted afterwards. [any thread]
import { systemRandom } from '../base/random.ts'

/** The part of `Kafka` that is needed; any client that has it will do. */
export interface TopicAdmin {
  readonly admin: {
    createTopics(topics: { topic: string; partitions: number; configs: TopicOptions['configs'] }[]): Promise<unknown>
    deleteTopics(topics: string[]): Promise<unknown>
  }
}

/** How the topic is made. */
export interface TopicOptions {
  /** Default 1. */
  partitions?: number
  /** Settings by Kafka's names: `{ 'cleanup.policy': 'compact' }`. */
  configs?: Readonly<Record<string, string | number | boolean>> | undefined
  /** The name begins with it. Default 'test'. */
  prefix?: string
}

/**
 * Makes a topic on the brokers of `kafka`, runs the test with its name, and deletes it, also when the test throws.
 *
 * ```ts
 * await withTopic(kafka, { partitions: 3 }, async (topic) => { await producer.send({ topic, value: 'x' }) })
 * ```
 */
export async function withTopic<T>(
  kafka: TopicAdmin,
  { partitions = 1, configs, prefix = 'test' }: TopicOptions,
  test: (topic: string) => T | Promise<T>,
): Promise<T> {
  const topic = `${prefix}-${uniquePart()}`
  await kafka.admin.createTopics([{ topic, partitions, configs }])
  let result: T
  try {
    result = await test(topic)
  } catch (error) {
    // What the test found out matters more than whether its topic could be deleted.
    await kafka.admin.deleteTopics([topic]).catch(() => undefined)
    throw error
  }
  await kafka.admin.deleteTopics([topic])
  return result
}

/** 14 digits or letters: two runs on one cluster never meet. */
function uniquePart(): string {
  return Array.from({ length: 14 }, () => Math.floor(systemRandom.next() * 36).toString(36)).join('')
}
