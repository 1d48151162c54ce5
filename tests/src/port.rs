//! Ports on the loopback interface.

use std::{
    io, iter,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
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
    /// A number to listen on: nobody listens on a free one, on `127.0.0.1` or `[::1]`. It may be taken by another program before it is listened on; whoever needs it
    /// tries again with the next.
    ///
    /// # Errors
    /// When there is no free one.
    pub fn choose(self) -> io::Result<u16> {
        match self {
            Self::Fixed(number) => Ok(number),
            Self::Free => {
                let any = || Ok(TcpListener::bind(loopback(0))?.local_addr()?.port());
                first_free(iter::repeat_with(any).take(ATTEMPTS))
            }
        }
    }

    /// The address to hand to a part that binds by itself, and whose URL does not say `localhost`: port 0 for a free one.
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

/// Whether nobody listens there, on `127.0.0.1` or `[::1]`.
pub fn is_free(port: u16) -> bool {
    listener_on(port).is_none()
}

/// On which address of the loopback interface somebody listens. Browsers take `localhost` for `[::1]` first: another
/// program there would get their requests.
pub fn listener_on(port: u16) -> Option<IpAddr> {
    let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    addresses.into_iter().find(|address| is_taken((*address, port).into()))
}

fn is_taken(address: SocketAddr) -> bool {
    match TcpListener::bind(address) {
        // macOS gives one address away even if another program listens on all of them, and that one answers then.
        Ok(listener) => {
            drop(listener);
            TcpStream::connect_timeout(&address, CONNECT).is_ok()
        }
        // A machine without IPv6 has no `[::1]`, where nobody can listen then.
        Err(error) => address.is_ipv4() || error.kind() == io::ErrorKind::AddrInUse,
    }
}

fn first_free(mut candidates: impl Iterator<Item = io::Result<u16>>) -> io::Result<u16> {
    let free = candidates.find(|candidate| candidate.as_ref().map_or(true, |port| is_free(*port)));
    free.unwrap_or_else(|| Err(io::Error::new(io::ErrorKind::AddrInUse, "no port is free on both 127.0.0.1 and [::1]")))
}

/// On the loopback interface nobody takes longer.
const CONNECT: Duration = Duration::from_millis(200);
const ATTEMPTS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_on_one_address_is_not_free() {
        for address in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
            let Ok(taken) = TcpListener::bind((address, 0)) else {
                println!("skipped: this machine has no {address}");
                continue;
            };
            let port = taken.local_addr().expect("its address").port();
            assert_eq!(listener_on(port), Some(address));
            let free = Port::Free.choose().expect("a free port");
            let candidates = [port, free].into_iter().map(Ok);
            assert_eq!(first_free(candidates).expect("the second one"), free);
            assert!(first_free([Ok(port)].into_iter()).is_err());
        }
    }
}
