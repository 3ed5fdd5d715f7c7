//! Owns the connections that a client has done with: they deliver what was said last and close in order, while the client
//! may be on another one already. What the server still says on them is not read.

use media_core::{PeerId, Timestamp};

use crate::{
    channel::{Channel, ChannelState},
    packet::Datagram,
    trace::Channel as Wire,
};

/// Connections on their way out.
#[derive(Default)]
pub(super) struct Farewells(Vec<(PeerId, Channel)>);

impl Farewells {
    /// The client is done with a connection.
    pub(super) fn push(&mut self, now: Timestamp, (peer, mut channel): (PeerId, Channel)) {
        channel.close(now);
        self.0.push((peer, channel));
    }

    /// Whether a datagram was for one of them.
    pub(super) fn handle_datagram(&mut self, now: Timestamp, datagram: &Datagram) -> bool {
        let Some((_, channel)) = self.0.iter_mut().find(|(peer, _)| *peer == datagram.peer) else {
            return false;
        };
        if datagram.channel == Wire::Signalling {
            channel.handle_segment(now, &datagram.bytes);
            while channel.poll_message().is_some() {}
        }
        true
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        for (_, channel) in &mut self.0 {
            if channel.poll_timeout().is_some_and(|at| at <= now) {
                channel.handle_timeout(now);
            }
        }
        self.0.retain(|(_, channel)| !matches!(channel.state(), ChannelState::Closed { .. }));
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.0.iter().filter_map(|(_, channel)| channel.poll_timeout()).min()
    }

    pub(super) fn poll_datagram(&mut self, now: Timestamp) -> Option<Datagram> {
        self.0.iter_mut().find_map(|(peer, channel)| {
            let bytes = channel.poll_segment(now)?.into();
            Some(Datagram { peer: *peer, channel: Wire::Signalling, bytes })
        })
    }
}
