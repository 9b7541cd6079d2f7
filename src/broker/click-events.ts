// Synthetic click events: the JSON lines that all measurements of millrace read and write. [pure: any thread]
import { seededRandom } from '../base/random.ts'

/** Distinct lines in the usual data set. */
export const CLICK_EVENT_LINES = 100_000

const types = ['click', 'view', 'scroll', 'add_to_cart', 'purchase', 'search']
const countries = ['DE', 'FR', 'US', 'GB', 'JP', 'BR', 'IN', 'PL', 'SE', 'NL', 'ES', 'IT']
const pages = ['home', 'product', 'category', 'cart', 'checkout', 'account', 'help', 'offers']
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0',
  'Mozilla/5.0 (Windows NT 10.0) Chrome/129.0',
  'Mozilla/5.0 (iPhone; iOS 18_0) Safari/18.0',
  'Mozilla/5.0 (Android 15) Chrome/129.0',
]
const FIRST_EVENT_MS = Date.UTC(2026, 0, 1)

/** `count` lines of about 205 bytes without a line end: the same seed gives the same lines. */
export function* clickEvents(count = CLICK_EVENT_LINES, seed = 8): Generator<string> {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random.next() * limit)
  const hex = (digits: number) =>
    below(16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  const oneOf = (values: readonly string[]) => values[below(values.length)]!
  let time = FIRST_EVENT_MS
  for (let index = 0; index < count; index++) {
    time += below(20)
    yield JSON.stringify({
      event_id: hex(8) + hex(8),
      ts: time,
      user_id: below(1_000_000),
      session: hex(8),
      type: oneOf(types),
      page: `/${oneOf(pages)}/${below(10_000)}`,
      ua: oneOf(agents),
      price: below(100_000) / 100,
      country: oneOf(countries),
    })
  }
}
