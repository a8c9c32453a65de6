//! The two ends of a link: channels, fed by sockets or joined in one process.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::{FromClient, FromHost};

/// A client's end.
#[derive(Debug)]
pub struct ClientLink {
    /// To the host.
    pub to_host: Sender<FromClient>,
    /// From the host; its end means that the host is gone.
    pub from_host: Receiver<FromHost>,
}

/// The host's end of one client.
#[derive(Debug)]
pub struct HostLink {
    /// To the client.
    pub to_client: Sender<FromHost>,
    /// From the client.
    pub from_client: Receiver<FromClient>,
}

/// A link inside one process.
pub fn pair() -> (ClientLink, HostLink) {
    let (to_host, from_client) = channel();
    let (to_client, from_host) = channel();
    (ClientLink { to_host, from_host }, HostLink { to_client, from_client })
}
