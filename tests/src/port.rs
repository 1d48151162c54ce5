//! Ports on the loopback interface.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

/// Which port a part of the stack listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Port {
    /// Any that is free.
    #[default]
    Free,
    /// This one.
    Fixed(u16),
}

impl Port {
    /// A number to listen on. A free one may be taken by another program before it is listened on; whoever needs it
    /// tries again with the next.
    ///
    /// # Errors
    /// When there is no free one.
    pub fn choose(self) -> io::Result<u16> {
        match self {
            Self::Fixed(number) => Ok(number),
            Self::Free => Ok(TcpListener::bind(loopback(0))?.local_addr()?.port()),
        }
    }

    /// The address to hand to a part that binds by itself: port 0 for a free one.
    pub fn address(self) -> SocketAddr {
        match self {
            Self::Fixed(number) => loopback(number),
            Self::Free => loopback(0),
        }
    }
}

/// `127.0.0.1` with a port.
pub fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Whether nobody listens there.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(loopback(port)).is_ok()
}
