// ApiVersions, v0 to v4: what this broker admits to; may pose as an older one. [broker]
// A version that it does not know is answered in v0 with error 35 by the connection, before decoding (KIP-511).
import type { ResponseInput } from '../../protocol/apis.ts'
import { apis } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler, RequestContext } from '../handler.ts'

/** KIP-511: letters, digits, dots and dashes, beginning and ending with a letter or digit. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

export const apiVersions: Handler<'ApiVersions'> = {
  handle(request, context) {
    const { clientSoftwareName: name, clientSoftwareVersion: version } = request
    if (context.version >= 3 && !(SOFTWARE.test(name) && SOFTWARE.test(version))) {
      return this.refuse(request, ErrorCode.INVALID_REQUEST, context)
    }
    return versionsAnswer(context, ErrorCode.NONE)
  },

  refuse: (_request, errorCode, context) => versionsAnswer(context, errorCode),
}

/** The list of APIs under an error code. */
export function versionsAnswer(
  { versions, features }: Pick<RequestContext, 'versions' | 'features'>,
  errorCode: number,
): ResponseInput<'ApiVersions'> {
  const apiKeys = [...versions].map(([name, [minVersion, maxVersion]]) => ({
    apiKey: apis[name].key,
    minVersion,
    maxVersion,
  }))
  const finalized = features.filter(({ level }) => level > 0)
  return {
    errorCode,
    apiKeys: apiKeys.sort((a, b) => a.apiKey - b.apiKey),
    supportedFeatures: features.map(({ name, max }) => ({ name, minVersion: 0, maxVersion: max })),
    finalizedFeaturesEpoch: 0,
    finalizedFeatures: finalized.map(({ name, level }) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
  }
}
