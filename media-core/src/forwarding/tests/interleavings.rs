//! Claims about any order of events: people of two conferences that use the same streams come, go, publish, watch, are
//! muted, lose, repeat and reorder packets and ask for repairs, while a referee watches every output.

mod referee;

use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use referee::Referee;

use super::*;

/// Of each conference.
const PEOPLE: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    ArrivesTwice,
    /// Arrives after what follows it.
    Late,
    Lost,
}

#[derive(Clone, Debug)]
enum Step {
    Enter { person: usize },
    Leave { person: usize },
    Publish { person: usize, camera: bool },
    Watch { person: usize, source: usize, layer: Option<u8> },
    Permit { person: usize, audio: bool, video: bool },
    Frame { person: usize, layer: usize, key: bool, fates: Vec<Fate> },
    Sound { person: usize, level: u8, fates: Vec<Fate> },
    Resend { person: usize },
    Nack { person: usize, back: u16 },
    PictureLoss { person: usize },
    Pass { millis: u64 },
}

fn arb_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Arrives),
        1 => Just(Fate::ArrivesTwice),
        1 => Just(Fate::Late),
        1 => Just(Fate::Lost),
    ]
}

fn arb_step() -> impl Strategy<Value = Step> {
    let person = || 0..2 * PEOPLE;
    let fates = || prop::collection::vec(arb_fate(), 1..4);
    prop_oneof![
        1 => person().prop_map(|person| Step::Enter { person }),
        1 => person().prop_map(|person| Step::Leave { person }),
        2 => (person(), any::<bool>()).prop_map(|(person, camera)| Step::Publish { person, camera }),
        4 => (person(), 0..PEOPLE, prop::option::weighted(0.8, 0..3_u8))
            .prop_map(|(person, source, layer)| Step::Watch { person, source, layer }),
        2 => (person(), any::<bool>(), any::<bool>())
            .prop_map(|(person, audio, video)| Step::Permit { person, audio, video }),
        20 => (person(), 0..2_usize, prop::bool::weighted(0.3), fates())
            .prop_map(|(person, layer, key, fates)| Step::Frame { person, layer, key, fates }),
        20 => (person(), prop_oneof![Just(30), Just(15), Just(127)], fates())
            .prop_map(|(person, level, fates)| Step::Sound { person, level, fates }),
        4 => person().prop_map(|person| Step::Resend { person }),
        4 => (person(), 0..20_u16).prop_map(|(person, back)| Step::Nack { person, back }),
        2 => person().prop_map(|person| Step::PictureLoss { person }),
        4 => (1..200_u64).prop_map(|millis| Step::Pass { millis }),
    ]
}

/// Somebody at their device.
struct Person {
    /// Participant and peer while in.
    number: Option<u32>,
    microphone: Source,
    camera: Vec<Source>,
    /// Lost packets, with the encoding they are of.
    lost: Vec<(Source, Bytes)>,
}

struct World {
    studio: Studio,
    referee: Referee,
    people: Vec<Person>,
    entered: u32,
}

impl World {
    fn new() -> Self {
        // Both conferences have the same SSRCs, and so have the people of one, as far as the door lets them.
        let person = |index: usize| {
            let ssrc = 100 * (index % PEOPLE) as u32;
            Person {
                number: None,
                microphone: microphone(ssrc + 50),
                camera: camera(ssrc + 60, 2),
                lost: Vec::new(),
            }
        };
        Self {
            studio: Studio::new(),
            referee: Referee::default(),
            people: (0..2 * PEOPLE).map(person).collect(),
            entered: 0,
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Enter { person } => self.enter(*person),
            Step::Leave { person } => {
                if let Some(who) = self.people[*person].number.take() {
                    self.referee.on_left(who);
                    let outputs = self.studio.leave(who);
                    self.judge(&outputs);
                }
            }
            Step::Publish { person, camera } => self.publish(*person, *camera),
            Step::Watch { person, source, layer } => self.watch(*person, *source, *layer),
            Step::Permit { person, audio, video } => {
                let Some(who) = self.people[*person].number else { return };
                let permissions = Permissions { audio: *audio, video: *video, screen: false };
                self.referee.on_permitted(who, permissions);
                let outputs = self.studio.permit(who, permissions);
                self.judge(&outputs);
            }
            Step::Frame { person, layer, key, fates } => {
                let source = &mut self.people[*person].camera[*layer];
                let packets = source.frame(*key, fates.len());
                let source = source.clone();
                self.transmit(*person, &source, packets, fates);
            }
            Step::Sound { person, level, fates } => {
                let source = &mut self.people[*person].microphone;
                let packets = fates.iter().map(|_| source.sound(*level)).collect();
                let source = source.clone();
                self.transmit(*person, &source, packets, fates);
            }
            Step::Resend { person } => {
                for (source, packet) in std::mem::take(&mut self.people[*person].lost) {
                    self.arrive(*person, &source.again(&packet), &packet);
                }
            }
            Step::Nack { person, back } => self.nack(*person, *back),
            Step::PictureLoss { person } => {
                let Some(who) = self.people[*person].number else { return };
                for (media, _) in self.referee.newest_numbers(who) {
                    let outputs = self.studio.pli(who, media);
                    self.judge(&outputs);
                }
            }
            Step::Pass { millis } => {
                let outputs = self.studio.pass(*millis);
                self.judge(&outputs);
            }
        }
    }

    fn enter(&mut self, person: usize) {
        if self.people[person].number.is_some() {
            return;
        }
        self.entered += 1;
        self.people[person].number = Some(self.entered);
        let hall = if person < PEOPLE { HALL } else { OTHER_HALL };
        self.referee.on_entered(hall, self.entered);
        let outputs = self.studio.enter(hall, self.entered);
        self.judge(&outputs);
    }

    fn publish(&mut self, person: usize, with_camera: bool) {
        let Person { number: Some(who), microphone, camera, .. } = &self.people[person] else { return };
        let mut offers = vec![offer(MediaKind::Audio, std::slice::from_ref(microphone))];
        if with_camera {
            offers.push(offer(MediaKind::Camera, camera));
        }
        let outputs = self.studio.publish(*who, &offers);
        self.judge(&outputs);
    }

    fn watch(&mut self, person: usize, source: usize, layer: Option<u8>) {
        let neighbour = person / PEOPLE * PEOPLE + source;
        let (Some(who), Some(source)) = (self.people[person].number, self.people[neighbour].number) else {
            return;
        };
        let (subscriber, source) = (ParticipantId(who), ParticipantId(source));
        let forwarder = &mut self.studio.forwarder;
        if forwarder.watch(self.studio.now, subscriber, source, MediaKind::Camera, layer).is_ok() {
            self.referee.on_watched(who, source, layer.is_some());
        }
        let outputs = self.studio.drain();
        self.judge(&outputs);
    }

    fn transmit(&mut self, person: usize, source: &Source, packets: Vec<Bytes>, fates: &[Fate]) {
        let mut late = Vec::new();
        for (packet, fate) in packets.into_iter().zip(fates) {
            match fate {
                Fate::Arrives => self.arrive(person, &packet, &packet),
                Fate::ArrivesTwice => {
                    self.arrive(person, &packet, &packet);
                    self.arrive(person, &packet, &packet);
                }
                Fate::Late => late.push(packet),
                Fate::Lost => self.people[person].lost.push((source.clone(), packet)),
            }
        }
        for packet in &late {
            self.arrive(person, packet, packet);
        }
    }

    /// `original` is the packet itself, or what it repairs.
    fn arrive(&mut self, person: usize, packet: &Bytes, original: &Bytes) {
        let Some(who) = self.people[person].number else { return };
        let outputs = self.studio.send(who, packet);
        let view = RtpView::parse(original).unwrap();
        // What nobody can read, or is of no track, has no place in the numbering yet.
        let unplaced = [DropReason::UnknownTemplate, DropReason::ForeignSsrc];
        if !drops_of(&outputs, who).iter().any(|reason| unplaced.contains(reason)) {
            self.referee.on_arrived(who, view.ssrc(), view.sequence());
        }
        self.judge(&outputs);
    }

    fn nack(&mut self, person: usize, back: u16) {
        let Some(who) = self.people[person].number else { return };
        for (media, newest) in self.referee.newest_numbers(who) {
            let outputs = self.studio.nack(who, media, &[newest.wrapping_sub(back)]);
            self.judge(&outputs);
        }
    }

    fn judge(&mut self, outputs: &[ForwardingOutput]) {
        for output in outputs {
            self.referee.judge(output);
        }
        self.studio.assert_balanced();
    }
}

proptest! {
    #![proptest_config(Config {
        rng_seed: RngSeed::Fixed(0x6677),
        failure_persistence: None,
        ..Config::with_cases(400)
    })]

    #[test]
    fn whatever_happens_numbers_add_up_and_nothing_goes_where_it_must_not(
        steps in prop::collection::vec(arb_step(), 1..250),
    ) {
        let mut world = World::new();
        // Everybody is in at first, so that most steps have an effect.
        for person in 0..2 * PEOPLE {
            world.enter(person);
            world.publish(person, true);
        }
        for step in &steps {
            world.take(step);
        }
        world.referee.assert_monotonic();
        for person in 0..2 * PEOPLE {
            world.take(&Step::Leave { person });
        }
        super::accounts::assert_empty(&world.studio);
    }
}

/// The claim above would hold for a forwarder that forwards nothing.
#[test]
fn the_referee_sees_packets_repairs_switches_and_reserved_numbers() {
    let mut world = World::new();
    let (sounds, losses) = (vec![Fate::Arrives; 3], vec![Fate::Arrives, Fate::Lost, Fate::Arrives]);
    for person in 0..2 {
        world.enter(person);
        world.publish(person, true);
    }
    for layer in 0..2_u8 {
        world.take(&Step::Watch { person: 1, source: 0, layer: Some(layer) });
        for fates in [&sounds, &losses] {
            world.take(&Step::Frame {
                person: 0,
                layer: usize::from(layer),
                key: true,
                fates: fates.clone(),
            });
        }
    }
    world.take(&Step::Nack { person: 1, back: 0 });
    assert_eq!(world.referee.seen(), referee::Seen { packets: 10, repairs: 1, stretches: 2, reserved: 2 });
    world.take(&Step::Resend { person: 0 });
    assert_eq!(world.referee.seen().packets, 12);
}
