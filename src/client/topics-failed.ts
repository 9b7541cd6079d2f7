// What the admin client throws when a call failed for several topics. [main thread]
import { MillraceError } from '../base/errors.ts'

/** Several topics of one call failed; `errors` has one for each. What is not named there was done. */
export class TopicsFailed extends MillraceError {
  override name = 'TopicsFailed'
  readonly errors: readonly MillraceError[]

  constructor(errors: readonly MillraceError[]) {
    const texts = errors.map(({ message }) => message)
    super('TOPICS_FAILED', `${errors.length} topics failed. ${texts.join(' ')}`, { cause: errors[0] })
    this.errors = errors
  }
}
