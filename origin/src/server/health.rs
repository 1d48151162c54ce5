//! Liveness: what the load balancer asks for, and the probe with which a container asks itself.
//!
//! Says only that the process serves. It does not depend on the edge's keys: replacing this server because the edge
//! is down would help nobody.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use axum::Json;
use serde_json::{Value, json};
use url::Url;

use crate::outbound::{Limits, Outbound};

/// Where the load balancer asks.
pub const PATH: &str = "/healthz";

pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Whether a server that was told to listen on `listen` answers on this machine.
pub async fn probe(listen: SocketAddr) -> bool {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let (Ok(url), Ok(outbound)) = (Url::parse(&format!("http://{address}{PATH}")), Outbound::local()) else {
        return false;
    };
    let limits = Limits { deadline: Duration::from_secs(3), max_bytes: 1024 };
    outbound.get(&url, "application/json", limits).await.is_ok_and(|reply| reply.status.as_u16() == 200)
}

/// One listens on "any address", but cannot connect to it everywhere.
fn reachable(listen: IpAddr) -> IpAddr {
    match listen {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
