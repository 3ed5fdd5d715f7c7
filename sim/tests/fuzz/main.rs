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
