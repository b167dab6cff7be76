//! Ports that a process gets back after it was killed.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems give to outgoing connections: such a connection could otherwise
/// take the port of a process that is down for a moment.
const FIRST: u16 = 15_000;
const PORTS: u16 = 15_000;

/// An address on this machine on which nobody listens now.
///
/// # Panics
///
/// All ports are taken.
#[must_use]
pub fn free() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Several test processes may run at once: each begins elsewhere.
    let start = u16::try_from(std::process::id() % u32::from(PORTS)).unwrap_or_default();
    for _ in 0..PORTS {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (start.wrapping_mul(97).wrapping_add(step)) % PORTS;
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(addr).is_ok() {
            return addr;
        }
    }
    panic!("every port is taken");
}
