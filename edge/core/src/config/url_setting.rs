//! URLs among the settings.

use url::{Host, Url};

/// An `https` URL, or an `http` one on the loopback interface, without a trailing slash.
pub(super) fn absolute_url(text: &str) -> Result<String, String> {
    let url = checked(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or fragment".into());
    }
    let text = url.as_str();
    Ok(text.strip_suffix('/').unwrap_or(text).to_owned())
}

/// As [`absolute_url`], without a path: what a browser calls an origin.
pub(super) fn public_origin(text: &str) -> Result<String, String> {
    let url = checked(text)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("has more than scheme, host and port".into());
    }
    Ok(url.origin().ascii_serialization())
}

fn checked(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "is not an absolute URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has user information".into());
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err("is neither https nor http on a loopback address".into()),
    }
}
