//! Tests of scenarios: what the project's own files say, what is refused, and how it is told.

mod expansion;
mod fixtures;
mod moves;
mod refusals;

use super::Scenario;

/// A scenario with one of everything, from which the tests make others by replacing a line.
const EVERYTHING: &str = r#"schema = 1
name = "everything"
description = "One of everything"
duration = "30s"
seed = 7
clock = "2020-06-15T09:00:00[Europe/Berlin]"

[licences]
count = 10
valid_through = "2021-10-31"

[limits]
speakers = 3

[[site]]
name = "amt"
link = "vdsl-50-10"
borough = "mitte"
count = 2

[[site]]
name = "branch"
[site.link]
mtu_bytes = 1400
down = { rate_kbps = 2000, delay_ms = 10, queue_kb = 64, queue = "codel", loss_percent = 2 }
up = { rate_kbps = 1000, delay_ms = 10, jitter_ms = 3, burst_loss = { good_to_bad_percent = 1, bad_to_good_percent = 25 } }

[[conference]]
name = "council"
host = "anna"
mode = "presenter"
start = "1s"

[[conference]]
name = "other"
host = "bert"

[[person]]
name = "anna"
site = "amt-1"
conference = "council"
licence = true
camera = "camera-carphone"
microphone = "talk-vbr"
screen = "screen-slides"
speaks = [["2s", "8s"], ["9s", "10s"]]

[[person]]
name = "bert"
site = "branch"
conference = "other"
licence = true

[[person]]
name = "room"
site = "branch"
conference = "council"
kind = "avc-room"
people = 6
watch = "low"

[[person]]
name = "guest"
site = "amt"
conference = "council"
count = 3
join = "2s"
join_spacing = "250ms"

[[person]]
name = "thief"
site = "branch"
conference = "council"
link = "revoked"
join = "20s"

[[step]]
at = "6s"
who = "anna"
do = "grant"
whom = "guest-1"
media = ["audio", "camera"]

[[step]]
at = "5s"
who = "guest"
do = "raise-hand"

[[step]]
at = "7s"
who = "room"
do = "watch"
whom = "anna"
kind = "screen"
layer = "none"

[[step]]
at = "10s"
who = "anna"
do = "revoke-invitation"

[[fault]]
at = "12s"
site = "amt"
direction = "both"
rate_kbps = 1000
duration = "5s"

[[expect]]
who = "guest-*"
joined = true
audio_mos_min = 3.6
audio_mos_max = 4.5

[[crash]]
at = "20s"
down_for = "1500ms"

[[crash]]
at = "22s"
down_for = "1s"
"#;

/// Reads [`EVERYTHING`] with each `(old, new)` replaced once.
fn read(changes: &[(&str, &str)]) -> Result<Scenario, super::ScenarioError> {
    let mut text = EVERYTHING.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "`{old}` is not in the scenario");
        text = text.replacen(old, new, 1);
    }
    Scenario::from_toml("test.toml", &text)
}
