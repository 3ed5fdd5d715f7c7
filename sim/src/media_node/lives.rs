//! Owns the lives of the media node's engine: how each begins, when it ends in a crash, and what the durable store holds in
//! between. Whoever owns connections, timers and records has to drop what a crash takes away.

use std::collections::VecDeque;

use media_core::{
    Timestamp,
    conference::ControlState,
    engine::{Engine, EngineConfig},
};
use rand_core::Rng;

use crate::{
    packet::NodeIndex,
    scenario::{Crash, Scenario},
    seed::Seed,
};

/// What outlives crashes.
pub(super) struct Lives {
    config: EngineConfig,
    seed: Seed,
    /// The one under way, if the node is down, and those to come.
    crashes: VecDeque<Crash>,
    begun: u64,
    /// Address of the node on which the engine runs, or ran last.
    node: NodeIndex,
    /// Exactly while the node is down.
    store: Option<Stored>,
}

struct Stored {
    state: ControlState,
    crashed_at: Timestamp,
}

/// Another seed for each life: a token must not be made twice.
pub(crate) fn engine_seed(seed: Seed, life: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    seed.stream_at("engine", life).fill_bytes(&mut bytes);
    bytes
}

impl Lives {
    /// The seed in `config` is put in place for each life.
    pub(super) fn new(config: EngineConfig, scenario: &Scenario, seed: Seed) -> Self {
        Self {
            config,
            seed,
            crashes: scenario.crashes.iter().copied().collect(),
            begun: 0,
            node: 0,
            store: None,
        }
    }

    /// Address of the node that holds the conferences, or held them last. Those below it have crashed for good; those above
    /// it stand by.
    pub(super) const fn node(&self) -> NodeIndex {
        self.node
    }

    /// When a life ends or the next one begins.
    pub(super) fn poll_timeout(&self) -> Timestamp {
        let next = self.crashes.front();
        next.map_or(Timestamp::FAR_FUTURE, |crash| if self.store.is_some() { crash.until } else { crash.at })
    }

    /// An engine: the first, or the one that carries on from the store, unless the store `is_lost`.
    ///
    /// # Panics
    /// When the scenario's configuration is impossible, which its validation refuses.
    pub(super) fn begin(&mut self, is_lost: bool) -> Engine {
        let mut config = self.config.clone();
        config.seed = engine_seed(self.seed, self.begun);
        self.begun += 1;
        let store = self.store.take();
        if store.is_some()
            && let Some(crash) = self.crashes.pop_front()
        {
            self.node += NodeIndex::from(crash.moves);
        }
        match store.filter(|_| !is_lost) {
            None => Engine::new(config).expect("the scenario was validated"),
            Some(Stored { state, crashed_at }) => {
                Engine::resume(config, state, crashed_at).expect("the store holds what the engine gave")
            }
        }
    }

    /// The engine crashes; what the store holds of it stays.
    pub(super) fn on_crash(&mut self, now: Timestamp, engine: &Engine) {
        self.store = Some(Stored { state: engine.control_state(), crashed_at: now });
    }
}
