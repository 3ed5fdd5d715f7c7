//! Owns a group of buildings in one host: access links, the people behind them, what befalls the links and what people
//! do at which time.

mod address;
mod record;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
    time::Duration,
};

use media_core::{Timestamp, secret::Token};
use rand_chacha::ChaCha8Rng;

use address::Address;

use crate::{
    endpoint::{Endpoint, Marker, Observation},
    link::Link,
    mail::Mailbox,
    node::{Arrivals, BACKBONE_DELAY, HostId, Load, MEDIA_NODE, Node, Record, WINDOW},
    packet::{Datagram, person_of},
    sabotage::Sabotage,
    scenario::{Action, Direction, PersonIndex, Scenario, SiteIndex},
    seed::Seed,
    site::{AccessMeter, change_link, link_config, width},
    timeline::Grid,
    trace::{Channel, Trace},
};

/// How often a client may want to be woken at one time.
const WAKINGS_MAX: u32 = 10_000;
pub use record::GroupRecord;

/// One in so many datagrams disappears under [`Sabotage::SilentLink`].
const SILENT_EVERY: u64 = 53;
/// One in so many is lost on its listener under [`Sabotage::ForgetfulListener`].
const FORGOTTEN_EVERY: u64 = 31;

/// What happens inside the group, in the order of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Wake(usize),
    Link(usize, Way),
    Join(usize),
    Step(usize),
    Fault(usize),
    Heal(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Up,
    Down,
}

struct Building {
    site: SiteIndex,
    up: Link<Datagram>,
    down: Link<Datagram>,
    wakes: [Timestamp; 2],
    meter: AccessMeter,
}

struct Seat {
    person: PersonIndex,
    address: Address,
    endpoint: Endpoint,
    wake: Timestamp,
    /// When it was woken last, and how often at that time.
    woken: (Timestamp, u32),
    /// Wants to open the link as soon as it has come.
    waits_for_link: bool,
    guess: Token,
}

impl Seat {
    /// Notices a client that stands still in time: a run that never ends says nothing.
    fn count_waking(&mut self, now: Timestamp) {
        let times = if self.woken.0 == now { self.woken.1 + 1 } else { 0 };
        self.woken = (now, times);
        assert!(
            times < WAKINGS_MAX,
            "person {} wants to be woken at {now} for ever: {:?}",
            self.person.0,
            self.endpoint.timeouts()
        );
    }
}

/// A group of sites.
pub struct SiteGroup {
    scenario: Arc<Scenario>,
    host: HostId,
    hosts: HostId,
    now: Timestamp,
    buildings: Vec<Building>,
    seats: Vec<Seat>,
    by_person: BTreeMap<PersonIndex, usize>,
    queue: BinaryHeap<Reverse<(Timestamp, u64, Happening)>>,
    arrivals: Arrivals<Load>,
    count: u64,
    mailbox: Mailbox,
    trace: Trace,
    observations: Vec<(Timestamp, PersonIndex, Observation)>,
    sabotage: Option<Sabotage>,
    /// Datagrams that left any of the buildings.
    handed_on: u64,
    /// Datagrams that reached anybody.
    delivered: u64,
    /// What [`Sabotage::HostOrder`] adds to their way.
    unfairness: Duration,
}

impl SiteGroup {
    /// The buildings `sites` with the people in them, as host `host` of `hosts` in all.
    pub fn new(
        scenario: &Arc<Scenario>,
        sites: &[SiteIndex],
        (host, hosts): (HostId, HostId),
        (seed, marker): (Seed, Marker),
        sabotage: Option<Sabotage>,
    ) -> Self {
        let mut group = Self {
            scenario: Arc::clone(scenario),
            host,
            hosts,
            now: Timestamp::ZERO,
            buildings: Vec::new(),
            seats: Vec::new(),
            by_person: BTreeMap::new(),
            queue: BinaryHeap::new(),
            arrivals: Arrivals::new(),
            count: 0,
            mailbox: Mailbox::default(),
            trace: Trace::digest_only(),
            observations: Vec::new(),
            sabotage,
            handed_on: 0,
            delivered: 0,
            unfairness: if sabotage == Some(Sabotage::HostOrder) { WINDOW * host } else { Duration::ZERO },
        };
        for site in sites {
            group.add_building(*site, seed, sabotage);
        }
        for index in 0..scenario.people.len() {
            let person = PersonIndex(index);
            let building = group.buildings.iter().position(|b| b.site == scenario.person(person).site);
            if let Some(building) = building {
                group.add_seat(person, building, (seed, marker), sabotage);
            }
        }
        for (index, step) in scenario.steps.iter().enumerate() {
            if group.by_person.contains_key(&step.who) {
                group.schedule(step.at, Happening::Step(index));
            }
        }
        for (index, fault) in scenario.faults.iter().enumerate() {
            if sites.contains(&fault.site) {
                group.schedule(fault.at, Happening::Fault(index));
                if let Some(until) = fault.until {
                    group.schedule(until, Happening::Heal(index));
                }
            }
        }
        group
    }

    fn add_building(&mut self, site: SiteIndex, seed: Seed, sabotage: Option<Sabotage>) {
        let link = &self.scenario.site(site).link;
        let wide = width(sabotage);
        let grid = Grid::of(self.scenario.duration);
        let rng = |label: &str| -> ChaCha8Rng { seed.stream_at(label, site.0 as u64) };
        self.buildings.push(Building {
            site,
            up: Link::new(link_config(&link.up, link.mtu_bytes, wide), rng("uplink")).with_grid(grid),
            down: Link::new(link_config(&link.down, link.mtu_bytes, wide), rng("downlink")).with_grid(grid),
            wakes: [Timestamp::FAR_FUTURE; 2],
            meter: AccessMeter::default(),
        });
    }

    fn add_seat(
        &mut self,
        person: PersonIndex,
        building: usize,
        (seed, marker): (Seed, Marker),
        sabotage: Option<Sabotage>,
    ) {
        let mut endpoint = Endpoint::new(&self.scenario, person, seed, marker);
        endpoint.set_sabotage(sabotage);
        let guess = Token::random(&mut seed.stream_at("guessed link", person.0 as u64));
        let seat = self.seats.len();
        self.by_person.insert(person, seat);
        let wake = Timestamp::FAR_FUTURE;
        let address = Address::new(building);
        self.seats.push(Seat {
            person,
            address,
            endpoint,
            wake,
            woken: (Timestamp::ZERO, 0),
            waits_for_link: false,
            guess,
        });
        let spec = self.scenario.person(person);
        let at = if self.scenario.is_host(person) {
            self.scenario.conference(spec.conference).start
        } else {
            spec.join
        };
        self.schedule(at, Happening::Join(seat));
    }

    /// The end: what everybody experienced.
    pub fn finish(mut self, now: Timestamp) -> GroupRecord {
        let mut people = Vec::new();
        for seat in self.seats {
            let site = &self.scenario.site(self.scenario.person(seat.person).site).name;
            people.push((seat.person, seat.endpoint.finish(now, site)));
        }
        for building in &mut self.buildings {
            building.meter.finish(&building.up, &building.down);
        }
        GroupRecord {
            people,
            observations: self.observations,
            links: self.buildings.into_iter().map(|building| (building.site, building.meter)).collect(),
            trace: self.trace,
        }
    }

    fn schedule(&mut self, at: Timestamp, happening: Happening) {
        self.count += 1;
        self.queue.push(Reverse((at, self.count, happening)));
    }

    fn handle(&mut self, happening: &Happening, out: &mut dyn FnMut(HostId, Record)) {
        let scenario = Arc::clone(&self.scenario);
        match *happening {
            Happening::Wake(seat) => {
                if self.seats[seat].wake != self.now {
                    return;
                }
                self.seats[seat].wake = Timestamp::FAR_FUTURE;
                self.seats[seat].count_waking(self.now);
                self.seats[seat].endpoint.handle_timeout(self.now);
                self.drain(seat, out);
            }
            Happening::Link(building, way) => self.on_link(building, way, out),
            Happening::Join(seat) => {
                let person = self.seats[seat].person;
                if scenario.is_host(person) {
                    self.seats[seat].endpoint.start(self.now, &scenario);
                } else {
                    self.seats[seat].waits_for_link = true;
                    self.try_join(seat);
                }
                self.drain(seat, out);
            }
            Happening::Step(step) => {
                let step = &scenario.steps[step];
                let seat = self.by_person[&step.who];
                if let Action::Move(site) = step.action {
                    self.move_seat(seat, site);
                }
                self.seats[seat].endpoint.handle_action(self.now, step.action, &scenario, &self.mailbox);
                self.drain(seat, out);
            }
            Happening::Fault(fault) => self.on_fault(&scenario, fault, true),
            Happening::Heal(fault) => self.on_fault(&scenario, fault, false),
        }
    }

    fn move_seat(&mut self, seat: usize, site: SiteIndex) {
        let building = self.buildings.iter().position(|building| building.site == site);
        self.seats[seat].address.move_to(building.expect("validation lets people move within one host"));
    }

    fn on_fault(&mut self, scenario: &Scenario, index: usize, begins: bool) {
        let fault = &scenario.faults[index];
        let Some(at) = self.buildings.iter().position(|building| building.site == fault.site) else { return };
        let spec = scenario.site(fault.site);
        let way = if fault.direction == Direction::Up { Way::Up } else { Way::Down };
        let building = &mut self.buildings[at];
        let (link, path) = match way {
            Way::Up => (&mut building.up, &spec.link.up),
            Way::Down => (&mut building.down, &spec.link.down),
        };
        change_link(link, self.now, path, begins.then_some(&fault.change), width(self.sabotage));
        self.wake_link(at, way);
    }

    fn try_join(&mut self, seat: usize) {
        let seat = &mut self.seats[seat];
        let person = self.scenario.person(seat.person);
        let Some(link) = self.mailbox.link(person.conference, person.link, &seat.guess) else { return };
        if std::mem::take(&mut seat.waits_for_link) {
            seat.endpoint.join(self.now, &link);
        }
    }

    /// Takes what an endpoint has to say and brings its timer up to date.
    fn drain(&mut self, index: usize, out: &mut dyn FnMut(HostId, Record)) {
        let seat = &mut self.seats[index];
        let building = seat.address.building();
        while let Some(datagram) = seat.endpoint.poll_datagram() {
            let bytes = datagram.wire_bytes();
            self.buildings[building].up.offer(self.now, bytes, datagram);
        }
        while let Some(observation) = seat.endpoint.poll_observation() {
            self.observations.push((self.now, seat.person, observation));
        }
        while let Some(mail) = seat.endpoint.poll_mail() {
            // To oneself, too, by the same way: a mail takes as long for everybody.
            for host in 1..self.hosts {
                out(host, Record { at: self.now + BACKBONE_DELAY, load: Load::Mail(mail.clone()) });
            }
        }
        let next = seat.endpoint.poll_timeout().map_or(Timestamp::FAR_FUTURE, |at| at.max(self.now));
        if next != seat.wake {
            seat.wake = next;
            if next < Timestamp::FAR_FUTURE {
                self.schedule(next, Happening::Wake(index));
            }
        }
        self.wake_link(building, Way::Up);
    }

    fn wake_link(&mut self, building: usize, way: Way) {
        let link = match way {
            Way::Up => &self.buildings[building].up,
            Way::Down => &self.buildings[building].down,
        };
        let next = link.poll_timeout().unwrap_or(Timestamp::FAR_FUTURE).max(self.now);
        if next != self.buildings[building].wakes[way as usize] {
            self.buildings[building].wakes[way as usize] = next;
            if next < Timestamp::FAR_FUTURE {
                self.schedule(next, Happening::Link(building, way));
            }
        }
    }

    fn on_link(&mut self, index: usize, way: Way, out: &mut dyn FnMut(HostId, Record)) {
        self.buildings[index].wakes[way as usize] = Timestamp::FAR_FUTURE;
        loop {
            let building = &mut self.buildings[index];
            let link = match way {
                Way::Up => &mut building.up,
                Way::Down => &mut building.down,
            };
            let Some(delivery) = link.poll_delivery(self.now) else { break };
            // A damaged packet fails its checksum on the way: nobody gets it.
            if delivery.corrupted {
                continue;
            }
            let datagram = delivery.item;
            match way {
                Way::Up => {
                    let at = self.now + BACKBONE_DELAY + self.unfairness;
                    building.meter.on_up(self.now, datagram.wire_bytes(), at >= self.scenario.end());
                    self.handed_on += 1;
                    if let Some(seat) = self.by_person.get(&person_of(datagram.peer)) {
                        self.seats[*seat].address.on_left(self.now, index);
                    }
                    if self.sabotage == Some(Sabotage::SilentLink)
                        && self.handed_on.is_multiple_of(SILENT_EVERY)
                    {
                        continue;
                    }
                    out(MEDIA_NODE, Record { at, load: Load::Datagram(datagram, Some(building.site)) });
                }
                Way::Down => {
                    building.meter.on_down(self.now, datagram.wire_bytes());
                    self.deliver(index, &datagram, out);
                }
            }
        }
        self.wake_link(index, way);
    }

    fn deliver(&mut self, building: usize, datagram: &Datagram, out: &mut dyn FnMut(HostId, Record)) {
        let person = person_of(datagram.peer);
        let Some(seat) = self.by_person.get(&person).copied() else { return };
        if self.seats[seat].address.building() != building {
            // Nobody is there any more.
            return;
        }
        self.trace.record(self.now, MEDIA_NODE, person.0 as u32 + 1, datagram.channel, &datagram.bytes);
        self.delivered += 1;
        let forgotten = self.sabotage == Some(Sabotage::ForgetfulListener)
            && datagram.channel == Channel::Media
            && self.delivered.is_multiple_of(FORGOTTEN_EVERY);
        if !forgotten {
            self.seats[seat].endpoint.handle_datagram(self.now, datagram);
        }
        self.drain(seat, out);
    }

    fn on_arrival(&mut self, load: Load, out: &mut dyn FnMut(HostId, Record)) {
        match load {
            Load::Datagram(datagram, site) => {
                let Some(seat) = self.by_person.get(&person_of(datagram.peer)) else { return };
                let believed = self.seats[*seat].address.towards(self.now);
                let addressed = site.and_then(|site| self.buildings.iter().position(|b| b.site == site));
                let building = addressed.unwrap_or(believed);
                let bytes = datagram.wire_bytes();
                self.buildings[building].down.offer(self.now, bytes, datagram);
                self.wake_link(building, Way::Down);
            }
            Load::Mail(mail) => {
                self.mailbox.handle_mail(mail);
                for seat in 0..self.seats.len() {
                    if self.seats[seat].waits_for_link {
                        self.try_join(seat);
                        self.drain(seat, out);
                    }
                }
            }
        }
    }
}

impl Node for SiteGroup {
    fn handle_record(&mut self, from: HostId, record: Record) {
        assert!(record.at >= self.now, "host {} got a record from the past", self.host);
        self.arrivals.push(record.at, from, record.load);
    }

    fn advance(&mut self, end: Timestamp, out: &mut dyn FnMut(HostId, Record)) {
        loop {
            let arrival = self.arrivals.next_at();
            let happening = self.queue.peek().map(|Reverse((at, ..))| *at);
            let Some(next) = [arrival, happening].into_iter().flatten().min().filter(|at| *at < end) else {
                break;
            };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                if let Some(load) = self.arrivals.pop() {
                    self.on_arrival(load, out);
                }
            } else if let Some(Reverse((_, _, happening))) = self.queue.pop() {
                self.handle(&happening, out);
            }
        }
        self.now = self.now.max(end);
    }
}
