//! Sealed values: they travel with requests instead of being stored.
//!
//! A sealed value is `<key id>.<base64url of nonce and ciphertext>`, XChaCha20-Poly1305 with a random nonce. Its
//! purpose, key id and context stand in the associated data: a value sealed for one purpose, client or transaction does
//! not open for another.

mod envelope;

mod transaction;

mod authorization_code;
mod consent;
mod pending_authorization;
mod profile;
mod refresh_answer;
mod refresh_token;
mod remembered_consent;

pub use authorization_code::AuthorizationCode;
pub use consent::ConsentTransaction;
pub use envelope::{MAX_BYTES, OpenError, Seal, SealError, open, seal};
pub use pending_authorization::PendingAuthorization;
pub use profile::Profile;
pub use refresh_answer::RefreshAnswer;
pub use refresh_token::RefreshToken;
pub use remembered_consent::RememberedConsent;
pub use transaction::{Remembered, Transaction};
