import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.text.ParseException;
import java.util.Set;

/**
 * Verifies access tokens with Nimbus JOSE + JWT, one a line of standard input.
 *
 * usage: java -cp 'target/classes:target/dependency/*' Verify http://localhost:8080/.well-known/jwks.json ISSUER AUDIENCE
 */
public class Verify {
    public static void main(String[] args) throws Exception {
        DefaultJWTProcessor<SecurityContext> tokens = tokens(args[0], args[1], args[2]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String token = in.readLine(); token != null; token = in.readLine()) {
            try {
                System.out.println("ok " + tokens.process(token, null).getSubject());
            } catch (ParseException | BadJOSEException | JOSEException e) {
                System.out.println("refused " + e.getClass().getSimpleName());
            }
        }
    }

    static DefaultJWTProcessor<SecurityContext> tokens(String jwksUrl, String issuer, String audience) throws Exception {
        var keys = JWKSourceBuilder.create(URI.create(jwksUrl).toURL()).build(); // cached, fetched again for a key it does not know
        var tokens = new DefaultJWTProcessor<SecurityContext>();
        tokens.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
        tokens.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.RS256, keys));
        tokens.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
            audience, new JWTClaimsSet.Builder().issuer(issuer).build(), Set.of("sub", "exp", "iat")));
        return tokens;
    }
}
