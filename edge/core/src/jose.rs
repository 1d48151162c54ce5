//! Others' public keys, as JSON Web Keys (RFC 7517), and the tokens that they verify.

use edgeward_identity::{jws::Compact, keys::public_key};
use jwt_compact::{Algorithm, AlgorithmSignature, alg::Ed25519};
use serde_json::Value;

use crate::platform::{RsaPublicKey, VerificationError, VerifyRs256};

type Ed25519Key = <Ed25519 as Algorithm>::VerifyingKey;

/// A public key for one algorithm.
#[derive(Debug, Clone)]
pub enum PublicKey {
    /// For RS256.
    Rsa(RsaPublicKey),
    /// For `EdDSA` with Ed25519.
    Ed25519(Ed25519Key),
}

impl PublicKey {
    /// The signature key that `jwk` is; `None` if it is none, one for another algorithm, or too weak: of RSA what
    /// [`RsaPublicKey`] is not, of Ed25519 a point of small order, for which there are signatures that anyone can make.
    pub fn parse(jwk: &Value) -> Option<Self> {
        let text = |member: &str| jwk.get(member).and_then(Value::as_str);
        if text("use").is_some_and(|used| used != "sig") {
            return None;
        }
        match (text("kty")?, text("alg")) {
            ("RSA", None | Some("RS256")) => RsaPublicKey::parse(text("n")?, text("e")?).map(Self::Rsa),
            ("OKP", None | Some("EdDSA" | "Ed25519")) => public_key(jwk).map(Self::Ed25519),
            _ => None,
        }
    }

    /// Its algorithm, as a token's header names it.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// Whether `token` is signed with this key, and says so of its algorithm.
    ///
    /// # Errors
    /// When the platform cannot tell.
    pub async fn verifies(&self, token: &Compact<'_>, platform: &impl VerifyRs256) -> Result<bool, VerificationError> {
        let (message, signature) = (token.message.as_bytes(), token.signature.as_slice());
        if token.header.alg != self.algorithm() {
            return Ok(false);
        }
        match self {
            Self::Rsa(key) => platform.verify_rs256(key, message, signature).await,
            Self::Ed25519(key) => Ok(<Ed25519 as Algorithm>::Signature::try_from_slice(signature)
                .is_ok_and(|signature| Ed25519.verify_signature(&signature, key, message))),
        }
    }
}

/// RS256 without a platform's help, slow and large: for an adapter whose platform has no WebCrypto, and for tests.
#[cfg(feature = "software-rs256")]
pub mod software {
    use rsa::{
        BigUint,
        pkcs1v15::{Signature, VerifyingKey},
        sha2::Sha256,
        signature::Verifier,
    };

    use super::RsaPublicKey;

    /// What [`VerifyRs256`](crate::platform::VerifyRs256) asks for.
    pub fn verify_rs256(key: &RsaPublicKey, message: &[u8], signature: &[u8]) -> bool {
        let number = BigUint::from_bytes_be;
        let key = rsa::RsaPublicKey::new(number(key.modulus()), number(key.exponent()));
        let (Ok(key), Ok(signature)) = (key, Signature::try_from(signature)) else { return false };
        VerifyingKey::<Sha256>::new(key).verify(message, &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encode(bytes: &[u8]) -> String {
        edgeward_base64url::encode(bytes)
    }

    /// The key of an odd modulus of this many bits.
    fn of_bits(bits: usize) -> Option<PublicKey> {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] >>= modulus.len() * 8 - bits;
        of(&modulus, &[1, 0, 1])
    }

    fn of(modulus: &[u8], exponent: &[u8]) -> Option<PublicKey> {
        PublicKey::parse(&json!({ "kty": "RSA", "n": encode(modulus), "e": encode(exponent) }))
    }

    #[test]
    fn an_rsa_key_has_one_of_three_lengths() {
        for bits in [2048, 3072, 4096] {
            assert!(of_bits(bits).is_some(), "{bits}");
            assert!(of_bits(bits - 1).is_none(), "{bits} less 1");
            assert!(of_bits(bits + 1).is_none(), "{bits} and 1");
        }
        for bits in [8, 512, 1024, 1536, 2040, 2056, 8192, 16_384, 65_536] {
            assert!(of_bits(bits).is_none(), "{bits}");
        }
        assert!(of(&[], &[1, 0, 1]).is_none());
        assert!(of(&[0; 256], &[1, 0, 1]).is_none());
    }

    #[test]
    fn an_rsa_key_has_an_odd_modulus_and_the_exponent_that_all_have() {
        let mut modulus = vec![0xff; 256];
        assert!(of(&modulus, &[1, 0, 1]).is_some());
        for exponent in [
            &[][..],
            &[0],
            &[1],
            &[2],
            &[3],
            &[17],
            &[1, 0, 0],
            &[1, 0, 3],
            &[1, 0, 1, 0],
            &[1, 0, 0, 0, 1],
            // As large as OpenSSL takes, and one that takes seconds.
            &[1, 0xff, 0xff, 0xff, 0xff],
            &[0xff; 256],
        ] {
            assert!(of(&modulus, exponent).is_none(), "{exponent:?}");
        }
        modulus[255] = 0xfe;
        assert!(of(&modulus, &[1, 0, 1]).is_none());
    }

    #[test]
    fn zeros_before_a_number_do_not_count() {
        let modulus = [&[0; 3][..], &[0xff; 256]].concat();
        let Some(PublicKey::Rsa(key)) = of(&modulus, &[0, 1, 0, 1]) else { panic!("no key") };
        assert_eq!((key.modulus(), key.exponent()), (&[0xff; 256][..], &[1, 0, 1][..]));
        let short = [&[0; 128][..], &[0xff; 128]].concat();
        assert!(of(&short, &[1, 0, 1]).is_none(), "nor as length");
    }

    #[test]
    fn a_key_for_something_else_is_none() {
        let good = json!({ "kty": "RSA", "n": encode(&[0xff; 256]), "e": "AQAB", "use": "sig", "alg": "RS256" });
        assert!(PublicKey::parse(&good).is_some());
        for (member, value) in [
            ("kty", json!("oct")),
            ("kty", json!("OKP")),
            ("kty", json!(null)),
            ("use", json!("enc")),
            ("alg", json!("RS384")),
            ("alg", json!("PS256")),
            ("alg", json!("RSA-OAEP")),
            ("n", json!(null)),
            ("n", json!(format!("{}=", encode(&[0xff; 256])))),
            ("n", json!("*")),
            ("e", json!(65537)),
            ("e", json!("AQAB=")),
            ("e", json!(null)),
        ] {
            let mut jwk = good.clone();
            jwk[member] = value.clone();
            assert!(PublicKey::parse(&jwk).is_none(), "{member}: {value}");
        }
    }
}
