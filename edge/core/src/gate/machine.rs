//! Machines, which come with Cognito's own tokens.

use edgeward_identity::{Identity, Kind};

use super::{
    admissions::{Admission, Admissions, bytes_for},
    refusal::GateError,
};
use crate::{
    config::{Machine, ProtectedResource},
    message::authorization_header::bearer_token,
    platform::Platform,
    request_context::RequestContext,
    upstream::{self, UpstreamMemory},
};

/// Verifies a machine's token of Cognito's own, which may mean to fetch Cognito's keys, and remembers it for `resource`.
///
/// # Errors
/// When the token is not good, is of no machine that may come here, or Cognito's keys cannot be had.
pub(crate) async fn admit<P: Platform>(
    authorization: Option<&str>,
    resource: &ProtectedResource,
    admissions: &Admissions,
    upstream: &UpstreamMemory,
    context: &RequestContext<'_, P>,
) -> Result<(), GateError> {
    let token = authorization.ok_or(GateError::NoToken)?;
    let token = bearer_token(token).ok_or(GateError::MalformedToken)?;
    let verified = upstream::verify_machine_token(token, upstream, context).await?;
    let is_it = |machine: &&Machine| machine.client_id == verified.client_id;
    let machine = resource.machines.iter().find(is_it);
    let machine = machine.ok_or_else(|| GateError::UnknownMachine(verified.client_id.clone()))?;
    if verified.expires_at <= context.now {
        return Err(GateError::ExpiredMachineToken(verified.client_id));
    }
    let identity = Identity {
        issuer: context.config.issuer.clone(),
        audience: resource.origin.audience.clone(),
        subject: verified.client_id.clone(),
        kind: Kind::Machine,
        client_id: verified.client_id.clone(),
        scopes: resource.expand(&machine.scope(&verified.scope)).to_strings(),
        username: None,
        email: None,
        unverified_email: None,
        groups: Vec::new(),
        auth_time: None,
        grant_id: verified.client_id,
    };
    let resource = resource.indicator.as_str().to_owned();
    let bytes = bytes_for(token);
    let admission = Admission { identity, resource, expires_at: verified.expires_at, assertion: None, bytes };
    admissions.put(admissions.fingerprint(token), admission);
    Ok(())
}
