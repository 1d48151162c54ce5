//! What travels sealed.

use std::rc::Rc;

use edgeward_core::{
    keys::Keys,
    oauth::Scope,
    platform::UnixTime,
    sealed::{self, OpenError, Profile, RefreshToken, RememberedConsent, Seal},
};
use libfuzzer_sys::arbitrary::{Result, Unstructured};

use crate::support::{KEYS, START};

const OLD_KEY: &str =
    r#"{"kty":"oct","kid":"e0","use":"enc","alg":"XC20P","k":"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"}"#;

/// The bytes choose what is sealed, for which context, with which keys and when, what is changed of it, and how it is
/// opened. It opens if nothing was changed, kind and context are the same, a key is known and its time is not over, and
/// only then; it is what was sealed, and can be sealed again. What was not sealed never opens.
pub fn check(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        assert!(open::<Profile>(text, "", &keys(false, true), 0).is_err());
    }
    let _ = drive(&mut Unstructured::new(data));
}

fn drive(u: &mut Unstructured<'_>) -> Result<()> {
    match u.int_in_range(0..=2)? {
        0 => {
            let (username, email, unverified_email) = (u.arbitrary()?, u.arbitrary()?, u.arbitrary()?);
            attempt(&Profile { username, email, unverified_email, groups: u.arbitrary()? }, u)
        }
        1 => attempt(&RememberedConsent { scope: scope(u)?, subject: u.arbitrary()? }, u),
        _ => {
            let (upstream_token, subject, resource) = (u.arbitrary()?, u.arbitrary()?, u.arbitrary()?);
            let (scope, grant_id, original_token) = (scope(u)?, u.arbitrary()?, u.arbitrary()?);
            let token = RefreshToken { upstream_token, original_token, subject, resource, scope, grant_id };
            attempt(&token, u)
        }
    }
}

fn scope(u: &mut Unstructured<'_>) -> Result<Scope> {
    Ok(Scope::parse(u.arbitrary()?).unwrap_or_default())
}

fn attempt<T: Seal + PartialEq + std::fmt::Debug>(value: &T, u: &mut Unstructured<'_>) -> Result<()> {
    let context: String = u.arbitrary()?;
    let (old_first, knows_old) = (u.arbitrary()?, u.arbitrary()?);
    let world = &crate::edge(&[]).world;
    let sealed = sealed::seal(value, &context, &keys(old_first, true), UnixTime::from_secs(START), world).unwrap();
    assert!(sealed.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c)), "it goes anywhere unescaped");

    let (changed, other_context): (String, String) = (change(&sealed, u)?, u.arbitrary()?);
    let opened_in = if u.arbitrary()? { &context } else { &other_context };
    let age = if u.arbitrary()? { u64::from(u.arbitrary::<u32>()?) } else { 0 };
    let keys = keys(u.arbitrary()?, knows_old);

    let is_ours = changed == sealed && *opened_in == context && (!old_first || knows_old) && age < T::LIFETIME;
    match open::<T>(&changed, opened_in, &keys, age) {
        Ok(opened) => {
            crate::accept();
            assert!(is_ours, "{changed} of {sealed} opened in {opened_in:?}, {age} s old");
            assert_eq!(opened, *value);
            let again = sealed::seal(&opened, &context, &keys, UnixTime::from_secs(START), world).unwrap();
            assert_ne!(again, sealed, "the nonce is another each time");
            assert_eq!(open::<T>(&again, &context, &keys, 0).as_ref(), Ok(value));
        }
        // What is too long is never made.
        Err(OpenError::Malformed) if sealed.len() > sealed::MAX_BYTES => {}
        Err(error) => assert!(!is_ours, "{sealed} did not open in {opened_in:?}, {age} s old: {error}"),
    }
    // As another kind it opens for no one.
    if T::PURPOSE != Profile::PURPOSE {
        assert!(open::<Profile>(&sealed, &context, &keys, 0).is_err());
    } else {
        assert!(open::<RememberedConsent>(&sealed, &context, &keys, 0).is_err());
    }
    Ok(())
}

fn change(sealed: &str, u: &mut Unstructured<'_>) -> Result<String> {
    let mut changed = sealed.to_owned().into_bytes();
    for _ in 0..u.int_in_range(0..=3)? {
        let at = u.int_in_range(0..=changed.len().saturating_sub(1))?;
        match u.int_in_range(0..=3)? {
            0 => changed[at] = u.int_in_range(b'!'..=b'~')?,
            1 => changed.insert(at, u.int_in_range(b'!'..=b'~')?),
            2 if changed.len() > 1 => drop(changed.remove(at)),
            _ => changed.push(u.int_in_range(b'!'..=b'~')?),
        }
    }
    Ok(String::from_utf8_lossy(&changed).into_owned())
}

fn open<T: Seal>(text: &str, context: &str, keys: &Keys, age: u64) -> std::result::Result<T, OpenError> {
    sealed::open(text, context, keys, UnixTime::from_secs(START + age))
}

thread_local! {
    /// The keys of the tests alone, with an older sealing key behind theirs, and before.
    static KEYS_OF: [Rc<Keys>; 3] = [
        KEYS.to_owned(),
        KEYS.replacen("]}", &format!(",{OLD_KEY}]}}"), 1),
        KEYS.replacen('[', &format!("[{OLD_KEY},"), 1),
    ]
    .map(|all| Keys::parse(&all).unwrap().into());
}

fn keys(old_first: bool, with_old: bool) -> Rc<Keys> {
    let which = if with_old { 1 + usize::from(old_first) } else { 0 };
    KEYS_OF.with(|all| Rc::clone(&all[which]))
}
