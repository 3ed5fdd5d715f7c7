//! Owns what a city needs in production, calculated from what was rehearsed and what forwarding was measured to cost. Each figure
//! has its formula beside it; what is not in it is said in [`LEFT_OUT`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::city::CityRun;
use crate::measured::{BenchRun, Cost, Figure, SizeUnit};

/// The bench that says what a packet costs, and who of it.
const BENCH: &str = "forward";
const CONTENDER: &str = "engine with SRTP and feedback";
/// What SRTP adds to a packet (RFC 7714, section 14.2: AES-128-GCM has a tag of 16 octets).
const TAG_BYTES: f64 = 16.0;

/// What stands in none of the figures.
pub const LEFT_OUT: &str = "Cores are those of engine and SRTP. Not in them are the system's own work for each datagram, signalling, \
     and reserve for a node that fails. The measured costs hold opening what comes in, and ten feedback packets a second from each \
     subscriber for sound and as many for pictures, although a client that gets both sends them once: so cores are rather too \
     many. Gbit/s are those to the participants, IP and UDP headers included and the framing below IP not; what comes from \
     them is a small part of it.";

/// How large a media node is taken to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeSize {
    /// What its network carries, in Gbit/s.
    pub gbit_per_s: f64,
    /// Its cores.
    pub cores: f64,
    /// How much of either may be in use, in percent.
    pub load_percent: f64,
}

/// What a city needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// Its mix.
    pub mix: String,
    /// Its conferences.
    pub conferences: u64,
    /// Its people.
    pub participants: u64,
    /// Forwarded packets in a second.
    pub packets_per_s: Step,
    /// Gbit/s to the participants.
    pub gbit_per_s: Step,
    /// Cores; absent where the cost of a packet was not measured.
    pub cores: Option<Step>,
    /// Media nodes; absent where cores are.
    pub nodes: Option<Step>,
}

/// A figure and how it comes about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The figure.
    #[serde(flatten)]
    pub figure: Figure,
    /// What it is calculated from.
    pub formula: String,
}

impl Default for NodeSize {
    fn default() -> Self {
        Self { gbit_per_s: 10.0, cores: 16.0, load_percent: 60.0 }
    }
}

impl Need {
    /// What a city needs whose packets cost what `benches` say.
    pub fn of(city: &CityRun, benches: &[BenchRun], node: NodeSize) -> Self {
        let packets = city.packets_per_s as f64;
        let gbit = packets * (city.packet_bytes + TAG_BYTES) * 8.0 / 1e9;
        let bytes = city.packet_bytes;
        let cores = cores(city, benches);
        let nodes = cores.as_ref().map(|cores| nodes(gbit, cores.figure, node));
        Self {
            mix: city.mix.clone(),
            conferences: city.conferences,
            participants: city.participants,
            packets_per_s: Step {
                figure: Figure::single(packets),
                formula: format!("the busiest second of each of {} media nodes, added up", city.nodes),
            },
            gbit_per_s: Step {
                figure: Figure::single(gbit),
                formula: format!(
                    "{packets:.0} packets/s x ({bytes:.0} B, the mean packet with IP and UDP, + {TAG_BYTES:.0} B, SRTP's tag) x 8 bit/B"
                ),
            },
            cores,
            nodes,
        }
    }
}

/// Packets of pictures and of sound, each with its own cost.
fn cores(city: &CityRun, benches: &[BenchRun]) -> Option<Step> {
    let costs = &benches.iter().find(|run| run.bench == BENCH)?.costs;
    let others = city.participants.checked_div(city.conferences)?.saturating_sub(1);
    let (video, audio) = (cost(costs, "video", others)?, cost(costs, "audio", others)?);
    let packets = city.packets_per_s as f64;
    let share = city.video_share;
    let weigh = |of_video: f64, of_audio: f64| packets * (share * of_video + (1.0 - share) * of_audio) / 1e9;
    let interval = video.ns.interval.zip(audio.ns.interval);
    let interval = interval.map(|(video, audio)| [0, 1].map(|end| weigh(video[end], audio[end])));
    let subscribers = video.size.map_or(0, |size| size.count);
    let formula = format!(
        "{packets:.0} packets/s x ({:.1} % of them video x {:.1} ns + {:.1} % audio x {:.1} ns), as bench {BENCH} measured `{CONTENDER}` to \
         {subscribers} subscribers",
        share * 100.0,
        video.ns.value,
        (1.0 - share) * 100.0,
        audio.ns.value,
    );
    Some(Step { figure: Figure { value: weigh(video.ns.value, audio.ns.value), interval }, formula })
}

/// What a packet costs to the next larger number of subscribers that was measured, or else to the largest.
fn cost<'a>(costs: &'a [Cost], load: &str, subscribers: u64) -> Option<&'a Cost> {
    let count =
        |cost: &Cost| cost.size.filter(|size| size.of == SizeUnit::Subscribers).map(|size| size.count);
    let of_load = costs.iter().filter(|cost| cost.load == load && cost.contender == CONTENDER);
    let sized: Vec<(u64, &Cost)> = of_load.filter_map(|cost| Some((count(cost)?, cost))).collect();
    let enough = sized.iter().filter(|(count, _)| *count >= subscribers).min_by_key(|(count, _)| *count);
    enough.or_else(|| sized.iter().max_by_key(|(count, _)| *count)).map(|(_, cost)| *cost)
}

/// As many as network and cores need, with only a part of either in use.
fn nodes(gbit: f64, cores: Figure, node: NodeSize) -> Step {
    let part = node.load_percent / 100.0;
    let needed =
        |cores: f64| (gbit / (node.gbit_per_s * part)).max(cores / (node.cores * part)).ceil().max(1.0);
    let formula = format!(
        "the larger of {gbit:.2} Gbit/s / ({} Gbit/s x {} %) and {:.2} cores / ({} cores x {} %), rounded up",
        node.gbit_per_s, node.load_percent, cores.value, node.cores, node.load_percent
    );
    let interval = cores.interval.map(|ends| ends.map(needed));
    Step { figure: Figure { value: needed(cores.value), interval }, formula }
}
