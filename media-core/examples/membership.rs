//! Owns a door to [`Membership`] for programs that are not Rust: one JSON command a line on standard input, one answer a line
//! on standard output. Tests of the browser's code (`media-node/page/test`) put members of both kinds into one group with it.
//! Times are milliseconds that the caller counts. It is no part of any product: keys of its members come from small seeds.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, Write as _},
    time::Duration,
};

use media_core::{
    ParticipantId, Timestamp,
    e2ee::{
        CipherSuite, ConferenceSecret, KeyId, Sealer,
        mls::{Membership, MembershipConfig, MembershipOutput, MlsSuite},
    },
    signalling::{Handshake, Refusal},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde::Deserialize;
use serde_json::{Value, json};

const SFRAME: CipherSuite = CipherSuite::Aes128GcmSha256;

/// What one member is told.
#[derive(Deserialize)]
struct Command {
    /// Which member.
    who: u32,
    now: u64,
    #[serde(flatten)]
    what: What,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
enum What {
    New { name: String, secret: String, seed: u64, roster: Vec<(u32, String)>, renew_after: u64 },
    Member { participant: u32, name: String },
    MemberLeft { participant: u32 },
    FoundGroup { sequence: u64 },
    KeyPackage { participant: u32, key_package: Handshake },
    Commit { sequence: u64, commit: Handshake },
    Welcome { sequence: u64, welcome: Handshake },
    Refused { reason: Refusal },
    Renew,
    Timeout,
    Seal { plaintext: String, metadata: String },
    Open { from: u32, sealed: String, metadata: String },
    Look,
}

type Members = BTreeMap<u32, Membership>;

fn main() -> io::Result<()> {
    let mut members = Members::new();
    let mut answers = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = match serde_json::from_str::<Command>(&line?) {
            Ok(command) => perform(&mut members, command),
            Err(error) => json!({ "error": error.to_string() }),
        };
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

fn perform(members: &mut Members, Command { who, now, what }: Command) -> Value {
    let now = Timestamp::ZERO + Duration::from_millis(now);
    if let What::New { name, secret, seed, roster, renew_after } = what {
        let Some(config) = config(who, name, &secret, renew_after) else {
            return json!({ "error": "a secret has 64 hexadecimal digits" });
        };
        let roster = roster.into_iter().map(|(participant, name)| (ParticipantId(participant), name));
        let mut member = Membership::new(now, config, roster, ChaCha20Rng::seed_from_u64(seed));
        let answer = look(&mut member, &Value::Null);
        members.insert(who, member);
        return answer;
    }
    let Some(member) = members.get_mut(&who) else { return json!({ "error": "nobody of that number" }) };
    let result = tell(member, now, what);
    look(member, &result)
}

fn config(who: u32, name: String, secret: &str, renew_after_frames: u64) -> Option<MembershipConfig> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(secret, &mut bytes).ok()?;
    let secret = ConferenceSecret::from_bytes(bytes);
    let participant = ParticipantId(who);
    Some(MembershipConfig {
        mls: MlsSuite::X25519Ed25519,
        sframe: SFRAME,
        participant,
        name,
        secret,
        renew_after_frames,
    })
}

fn tell(member: &mut Membership, now: Timestamp, what: What) -> Value {
    match what {
        What::New { .. } | What::Look => {}
        What::Member { participant, name } => member.on_member(now, ParticipantId(participant), &name),
        What::MemberLeft { participant } => member.on_member_left(now, ParticipantId(participant)),
        What::FoundGroup { sequence } => member.on_found(now, sequence),
        What::KeyPackage { participant, key_package } => {
            member.on_key_package(now, ParticipantId(participant), &key_package);
        }
        What::Commit { sequence, commit } => member.on_commit(now, sequence, &commit),
        What::Welcome { sequence, welcome } => member.on_welcome(now, sequence, &welcome),
        What::Refused { reason } => member.on_refused(now, reason),
        What::Renew => member.renew(now),
        What::Timeout => member.handle_timeout(now),
        What::Seal { plaintext, metadata } => return seal(member, &plaintext, &metadata),
        What::Open { from, sealed, metadata } => {
            return open(member, now, ParticipantId(from), &sealed, &metadata);
        }
    }
    Value::Null
}

fn seal(member: &mut Membership, plaintext: &str, metadata: &str) -> Value {
    let (Ok(plaintext), Ok(metadata)) = (hex::decode(plaintext), hex::decode(metadata)) else {
        return json!({ "refused": "not hexadecimal" });
    };
    let mut sealed = Vec::new();
    match member.sealer().map(|sealer| sealer.seal(&plaintext, &metadata, &mut sealed)) {
        Some(Ok(())) => json!({ "sealed": hex::encode(sealed) }),
        Some(Err(error)) => json!({ "refused": error.to_string() }),
        None => json!({ "refused": "no key" }),
    }
}

fn open(member: &mut Membership, now: Timestamp, from: ParticipantId, sealed: &str, metadata: &str) -> Value {
    let (Ok(sealed), Ok(metadata)) = (hex::decode(sealed), hex::decode(metadata)) else {
        return json!({ "refused": "not hexadecimal" });
    };
    let mut plaintext = Vec::new();
    match member.open(now, from, &sealed, &metadata, &mut plaintext) {
        Ok(_) => json!({ "opened": hex::encode(plaintext) }),
        Err(reason) => json!({ "refused": format!("{reason:?}") }),
    }
}

/// What a member has to say, and where it stands. `probe` is a frame under a key id that nobody has, and the same for all who
/// have the same base key.
fn look(member: &mut Membership, result: &Value) -> Value {
    let outputs: Vec<Value> = std::iter::from_fn(|| member.poll_output()).map(output).collect();
    let probe = member.base_key().and_then(|base| {
        let mut sealed = Vec::new();
        Sealer::new(SFRAME, KeyId(u64::MAX), &base).seal(b"probe", b"", &mut sealed).ok()?;
        Some(hex::encode(sealed))
    });
    let timeout = member.poll_timeout().map(|at| at.as_nanos().div_ceil(1_000_000));
    let members: Vec<Value> = member
        .members()
        .iter()
        .map(|member| json!({ "leaf": member.leaf, "participant": member.participant, "name": member.name }))
        .collect();
    json!({
        "result": result,
        "outputs": outputs,
        "timeout": timeout,
        "epoch": member.epoch(),
        "code": member.verification_code().map(|code| code.to_string()),
        "members": members,
        "probe": probe,
    })
}

fn output(output: MembershipOutput) -> Value {
    match output {
        MembershipOutput::Offer(key_package) => json!({ "offer": { "key_package": key_package } }),
        MembershipOutput::Commit { after, commit, welcome, adds } => {
            json!({ "commit": { "after": after, "commit": commit, "welcome": welcome, "adds": adds } })
        }
        MembershipOutput::Epoch(change) => json!({ "epoch": change.epoch }),
        MembershipOutput::Rejected(whom, rejection) => {
            json!({ "rejected": { "whom": whom, "why": format!("{rejection:?}") } })
        }
        MembershipOutput::LeftBehind => json!("left-behind"),
    }
}
