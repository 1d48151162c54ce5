//! What a test asks for around an edge, in place of what the platform would give it.

use std::{collections::BTreeSet, fmt, net::SocketAddr};

/// Something that a runtime may be able to give an edge. A test that needs more than its runtime has is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Its clock can be moved ([`Edge::move_clock`](super::Edge::move_clock)), and whatever waits for half a minute or longer
    /// waits for a fiftieth of that.
    Clock,
    /// It counts requests, and a test chooses the [limits](Limits).
    Limits,
    /// What it fetches from hosts below `example` goes to a server of the tests.
    Documents,
    /// It is a build that panics when it is told to.
    Panics,
    /// It is a build that runs the contract of its ports (`edge/contract`) when it is told to.
    Contract,
    /// Its settings can be changed while it lives ([`Edge::change_settings`](super::Edge::change_settings)).
    Bindings,
    /// It starts with the settings that the operator's tool has written to a folder.
    WrittenSettings,
    /// Nothing stands between a client and the edge: connections, framing and clients that go away are as they are sent.
    Direct,
    /// The memory of its wasm can be read ([`Edge::wasm_memory`](super::Edge::wasm_memory)).
    Memory,
    /// Its data points are logged.
    DataPoints,
    /// Its calls into wasm, out of it, to `fetch` and to bindings are counted.
    CountedCalls,
}

impl Capability {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Clock,
        Self::Limits,
        Self::Documents,
        Self::Panics,
        Self::Contract,
        Self::Bindings,
        Self::WrittenSettings,
        Self::Direct,
        Self::Memory,
        Self::DataPoints,
        Self::CountedCalls,
    ];
}

impl fmt::Display for Capability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

/// How many requests a minute one party may make. The stack that suites share has no limits: they flood it on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// As many as the edge is deployed with.
    Deployed,
    /// As many as this: calls, refreshes of one grant, of one client, redirect host, address.
    Of([u32; 5]),
}

/// Where requests go that the edge sends to hosts below `example`: the Internet has none.
pub type DivertedHosts = Option<SocketAddr>;

/// A set of capabilities, with what two of them have to be told. By default none: the edge as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sandbox {
    others: BTreeSet<Capability>,
    diverted_hosts: DivertedHosts,
    limits: Option<Limits>,
}

impl Sandbox {
    /// With one more capability. [`Capability::Documents`] and [`Capability::Limits`] have methods of their own.
    #[must_use]
    pub fn with(mut self, capability: Capability) -> Self {
        self.others.insert(capability);
        self
    }

    /// With [`Capability::Documents`], if there is a server to send such requests to.
    #[must_use]
    pub fn divert_hosts(self, diverted_hosts: DivertedHosts) -> Self {
        Self { diverted_hosts, ..self }
    }

    /// With [`Capability::Limits`].
    #[must_use]
    pub fn limit(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// Everything that is asked for.
    pub fn capabilities(&self) -> BTreeSet<Capability> {
        let mut all = self.others.clone();
        all.extend(self.diverted_hosts.map(|_| Capability::Documents));
        all.extend(self.limits.map(|_| Capability::Limits));
        all
    }

    /// Whether this is asked for.
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities().contains(&capability)
    }

    /// Where requests to hosts below `example` go.
    pub fn diverted_hosts(&self) -> DivertedHosts {
        self.diverted_hosts
    }

    /// The limits that were chosen.
    pub fn limits(&self) -> Option<Limits> {
        self.limits
    }
}

impl From<Capability> for Sandbox {
    fn from(capability: Capability) -> Self {
        Self::default().with(capability)
    }
}

/// A test has asked for something that its runtime lacks. The suite skips the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lacks(pub Capability);

impl fmt::Display for Lacks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "this edge's runtime lacks {}", self.0)
    }
}

impl std::error::Error for Lacks {}
