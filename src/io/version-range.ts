// Which version of an API to use: the highest that both sides and the caller know. [I/O thread]
import { UnsupportedVersion } from '../base/errors.ts'
import { type ApiName, apis } from '../protocol/apis.ts'

/** First and last version. */
export type VersionRange = readonly [first: number, last: number]

/** What a caller needs of a version: exactly this one, or no older or newer than these. */
export interface VersionWish {
  version?: number | undefined
  minVersion?: number | undefined
  maxVersion?: number | undefined
}

/** The versions that millrace speaks. */
export function ownRange(api: ApiName): VersionRange {
  return apis[api].request.versions
}

/** The highest version that the broker, millrace and the caller have in common; throws `UnsupportedVersion` if none. */
export function pickVersion(
  api: ApiName,
  theirs: ReadonlyMap<number, VersionRange>,
  wish: VersionWish,
  broker: string,
): number {
  const own = ownRange(api)
  const first = Math.max(own[0], wish.version ?? wish.minVersion ?? 0)
  const last = Math.min(own[1], wish.version ?? wish.maxVersion ?? Number.POSITIVE_INFINITY)
  const offered = theirs.get(apis[api].key)
  if (offered === undefined) {
    const what = `${api} (key ${apis[api].key})`
    const text = `${broker} does not offer ${what}; millrace needs ${inWords([first, last])}. Use a newer broker.`
    throw new UnsupportedVersion('UNSUPPORTED_VERSION', text, { broker })
  }
  const version = Math.min(last, offered[1])
  if (version < first || version < offered[0]) {
    const both = `${broker} offers ${api} in ${inWords(offered)}, millrace needs ${inWords([first, last])}`
    const text = `${both}: there is no common version. Use a broker of another version.`
    throw new UnsupportedVersion('UNSUPPORTED_VERSION', text, { broker })
  }
  return version
}

function inWords([first, last]: VersionRange): string {
  return first === last ? `version ${first}` : `versions ${first} to ${last}`
}
