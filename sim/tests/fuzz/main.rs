//! Owns the tests that throw bytes at everything that reads from the network (SEC-001): at each target the kept inputs,
//! then a bounded number of made ones, the same in every run. The coverage-guided fuzzer has its own entry, `guided.rs`.

mod seeds;

/// Inputs made for the dearest target; the others get their share as often.
const MADE: u64 = 400;
/// The seed of the made inputs.
const SEED: u64 = 0x5ec_0001;

macro_rules! targets {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                attack($name);
            }
        )*

        #[test]
        fn every_target_has_a_test() {
            let tested = [$($name),*];
            for target in sim::fuzz::TARGETS {
                assert!(tested.contains(&target.name), "{} has no test", target.name);
            }
        }
    };
}

targets! {
    rtp_packet: "rtp-packet",
    dependency_descriptor: "dependency-descriptor",
    rtcp_compound: "rtcp-compound",
    client_signal: "client-signal",
    server_signal: "server-signal",
    sealed_frame: "sealed-frame",
    session_description: "session-description",
    dialect: "dialect",
    transport: "transport",
    signalling_channel: "signalling-channel",
    video_assembly: "video-assembly",
    endpoint: "endpoint",
    conference_server: "conference-server",
}

#[expect(clippy::print_stdout, reason = "with --nocapture one reads how much was thrown")]
fn attack(name: &str) {
    let target = sim::fuzz::target(name).expect("the table names targets");
    let attack = sim::fuzz::attack(target, MADE * target.share, SEED);
    println!("{name}: {} kept and {} made inputs", attack.kept, attack.made);
    assert!(attack.kept > 0 && attack.made > 0, "{name}: nothing was thrown");
    let told =
        attack.faults.iter().map(|fault| format!("{}: {}\n{:02x?}", fault.input, fault.message, fault.bytes));
    assert_eq!(attack.faults_total, 0, "{name}: {}", told.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_server_that_lets_somebody_in_twice_cannot_play_old_frames_again() {
    assert_kept("endpoint", "found-entered-twice");
}

#[test]
fn packets_of_a_picture_that_nobody_asked_for_do_not_make_the_endpoint_spin() {
    assert_kept("endpoint", "found-picture-nobody-asked-for");
}

#[test]
fn a_sender_who_leaves_out_thousands_of_packets_is_not_asked_for_all_of_them() {
    assert_kept("video-assembly", "found-thousands-of-requests");
}

/// An input that once broke something, and does no more.
fn assert_kept(target: &str, input: &str) {
    let target = sim::fuzz::target(target).expect("there is such a target");
    let (_, bytes) = target.corpus().iter().find(|(name, _)| *name == input).expect("the input is kept");
    assert_eq!((target.examine)(bytes), Ok(()), "{}", target.name);
}
