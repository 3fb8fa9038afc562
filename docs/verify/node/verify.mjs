// Verifies access tokens with jose, one a line of standard input.
// usage: node verify.mjs http://localhost:8080/.well-known/jwks.json ISSUER AUDIENCE
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const [jwksUrl, issuer, audience] = process.argv.slice(2)
const keys = createRemoteJWKSet(new URL(jwksUrl)) // cached, fetched again for a key it does not know

for await (const token of createInterface({ input: process.stdin })) {
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] })
    console.log('ok', payload.sub)
  } catch (error) {
    console.log('refused', error.code)
  }
}
