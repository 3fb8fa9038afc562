"""Verifies access tokens with PyJWT, one a line of standard input.

usage: python verify.py http://localhost:8080/.well-known/jwks.json ISSUER AUDIENCE
"""

import sys

import jwt

jwks_url, issuer, audience = sys.argv[1:4]
keys = jwt.PyJWKClient(jwks_url)  # cached, fetched again for a key it does not know

for line in sys.stdin:
    token = line.strip()
    try:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key, algorithms=["RS256"], issuer=issuer, audience=audience,
                            options={"require": ["exp", "iat", "iss", "aud", "sub"]})
        print("ok", claims["sub"], flush=True)
    except jwt.PyJWTError as error:
        print("refused", type(error).__name__, flush=True)
