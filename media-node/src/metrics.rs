//! Owns what the server tells of itself: numbers, in the text form that Prometheus reads. No name, token or address is in any of
//! them.

use std::time::Duration;

use media_core::DropReason;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Upper ends of classes of lag, in seconds.
const LAG_SECONDS: [f64; 8] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// The numbers. Writing one is an addition without a lock.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Conferences that run, the empty ones that wait for a return included.
    pub(crate) conferences: Gauge,
    /// People in them.
    pub(crate) participants: Gauge,
    /// People in lobbies.
    pub(crate) waiting: Gauge,
    /// Open signalling channels.
    pub(crate) channels: Gauge,
    /// Connections over which media can flow.
    pub(crate) connections: Gauge,
    pub(crate) datagrams_in: Counter,
    pub(crate) bytes_in: Counter,
    pub(crate) datagrams_out: Counter,
    pub(crate) bytes_out: Counter,
    /// Media packets that were given out to a subscriber.
    pub(crate) forwarded: Counter,
    /// Datagrams for which there was no room in the socket.
    pub(crate) unsent: Counter,
    /// Clients that did not read what they were told.
    pub(crate) slow_readers: Counter,
    /// Requests that the rules refused.
    pub(crate) refused: Counter,
    /// How late the event loop comes to what is due.
    lag: Histogram,
    drops: Vec<Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("media_node");
        let family = Family::<Reason, Counter>::default();
        registry.register("drops", "What came from the network and went no further", family.clone());
        let drops =
            DropReason::ALL.map(|reason| family.get_or_create(&Reason { reason: reason.name() }).clone());
        let mut metrics = Self {
            registry: Registry::default(),
            conferences: Gauge::default(),
            participants: Gauge::default(),
            waiting: Gauge::default(),
            channels: Gauge::default(),
            connections: Gauge::default(),
            datagrams_in: Counter::default(),
            bytes_in: Counter::default(),
            datagrams_out: Counter::default(),
            bytes_out: Counter::default(),
            forwarded: Counter::default(),
            unsent: Counter::default(),
            slow_readers: Counter::default(),
            refused: Counter::default(),
            lag: Histogram::new(LAG_SECONDS),
            drops: drops.into(),
        };
        metrics.register(&mut registry);
        metrics.registry = registry;
        metrics
    }
}

impl Metrics {
    fn register(&self, registry: &mut Registry) {
        let gauges = [
            ("conferences", "Conferences that run", &self.conferences),
            ("participants", "People in conferences", &self.participants),
            ("waiting", "People in lobbies", &self.waiting),
            ("signalling_channels", "Open signalling channels", &self.channels),
            ("connections", "Connections over which media can flow", &self.connections),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        let counters = [
            ("received_datagrams", "Datagrams from the network", &self.datagrams_in),
            ("sent_datagrams", "Datagrams to the network", &self.datagrams_out),
            ("forwarded_packets", "Media packets given out to subscribers", &self.forwarded),
            ("unsent_datagrams", "Datagrams for which the socket had no room", &self.unsent),
            ("slow_readers", "Clients that were cut off because they did not read", &self.slow_readers),
            ("refused_requests", "Requests that the rules refused", &self.refused),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register_with_unit(
            "received",
            "Bytes in datagrams from the network",
            Unit::Bytes,
            self.bytes_in.clone(),
        );
        registry.register_with_unit(
            "sent",
            "Bytes in datagrams to the network",
            Unit::Bytes,
            self.bytes_out.clone(),
        );
        let lag = "How late the event loop came to what was due";
        registry.register_with_unit("loop_lag", lag, Unit::Seconds, self.lag.clone());
    }

    /// Counts something that went no further.
    pub(crate) fn dropped(&self, reason: DropReason) {
        self.drops[reason.index()].inc();
    }

    /// Takes note of how late the loop was.
    pub(crate) fn lagged(&self, by: Duration) {
        self.lag.observe(by.as_secs_f64());
    }

    /// The numbers at this moment.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes what is written");
        text
    }
}
