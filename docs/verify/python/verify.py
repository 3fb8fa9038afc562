"""Verifies access tokens with PyJWT, one a line of standard input.

usage: python verify.py http://localhost:8080/.well-known/jwks.json ISSUER AUDIENCE
"""

import sys

import jwt

jwks_url, issuer, audience = sys.argv[1:4]
keys = jwt.PyJWKClient(jwks_url)  # cached, fetched again for a key it does not know


def verify(token):
    key = keys.get_signing_key_from_jwt(token)
    good = jwt.decode_complete(token, key, algorithms=["RS256"], issuer=issuer, audience=audience,
                               options={"require": ["exp", "iat", "iss", "aud", "sub"]})
    if good["header"].get("typ") != "at+jwt":  # PyJWT leaves that to you
        raise jwt.InvalidTokenError("not an access token")
    return good["payload"]


for line in sys.stdin:
    try:
        print("ok", verify(line.strip())["sub"], flush=True)
    except jwt.PyJWTError as error:
        print("refused", type(error).__name__, flush=True)
