use super::{provider::Provider, signer::Signer, suite::MlsSuite};
use openmls::prelude::{tls_codec::*, *};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::time::Instant;
struct M {
    p: Provider,
    s: Signer,
    g: Option<MlsGroup>,
    c: CredentialWithKey,
}
fn m(i: u64, suite: MlsSuite) -> M {
    let mut rng = ChaCha20Rng::seed_from_u64(i);
    let p = Provider::new(&mut rng);
    let s = Signer::random(suite, &mut rng);
    let c = CredentialWithKey {
        credential: BasicCredential::new(i.to_be_bytes().to_vec()).into(),
        signature_key: s.public_key().into(),
    };
    M { p, s, g: None, c }
}
fn run(n: u64, suite: MlsSuite) -> Vec<u8> {
    let cfg = MlsGroupCreateConfig::builder()
        .ciphersuite(suite.openmls())
        .use_ratchet_tree_extension(true)
        .lifetime(Lifetime::init(0, u64::MAX))
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .build();
    let mut ms: Vec<M> = (0..n).map(|i| m(i, suite)).collect();
    let t = Instant::now();
    let a = &mut ms[0];
    a.g = Some(MlsGroup::new(&a.p, &a.s, &cfg, a.c.clone()).unwrap());
    println!("create {:?}", t.elapsed());
    let t = Instant::now();
    let kps: Vec<KeyPackage> = ms[1..]
        .iter()
        .map(|x| {
            KeyPackage::builder()
                .key_package_lifetime(Lifetime::init(0, u64::MAX))
                .build(suite.openmls(), &x.p, &x.s, x.c.clone())
                .unwrap()
                .key_package()
                .clone()
        })
        .collect();
    println!(
        "kp each {:?} bytes {}",
        t.elapsed() / (n as u32),
        kps[0].tls_serialize_detached().unwrap().len()
    );
    let t = Instant::now();
    let a = &mut ms[0];
    let (c, w, _) = a.g.as_mut().unwrap().add_members(&a.p, &a.s, &kps[..(n - 2) as usize]).unwrap();
    println!("add {} commit {:?}", n - 2, t.elapsed());
    let t = Instant::now();
    a.g.as_mut().unwrap().merge_pending_commit(&a.p).unwrap();
    println!("merge own {:?}", t.elapsed());
    let wb = w.tls_serialize_detached().unwrap();
    println!("commit {} welcome {}", c.tls_serialize_detached().unwrap().len(), wb.len());
    let t = Instant::now();
    let jc = cfg.join_config();
    for x in &mut ms[1..(n - 1) as usize] {
        let MlsMessageBodyIn::Welcome(w) = MlsMessageIn::tls_deserialize_exact(&wb).unwrap().extract() else {
            panic!()
        };
        x.g = Some(
            StagedWelcome::build_from_welcome(&x.p, jc, w)
                .unwrap()
                .skip_lifetime_validation()
                .build()
                .unwrap()
                .into_group(&x.p)
                .unwrap(),
        );
    }
    println!("join each {:?}", t.elapsed() / (n as u32));
    // add last
    let t = Instant::now();
    let a = &mut ms[0];
    let (c, w, _) = a.g.as_mut().unwrap().add_members(&a.p, &a.s, &kps[(n - 2) as usize..]).unwrap();
    println!("add 1 commit {:?}", t.elapsed());
    a.g.as_mut().unwrap().merge_pending_commit(&a.p).unwrap();
    let cb = c.tls_serialize_detached().unwrap();
    println!("commit {} welcome {}", cb.len(), w.tls_serialize_detached().unwrap().len());
    let t = Instant::now();
    for x in &mut ms[1..(n - 1) as usize] {
        let msg = MlsMessageIn::tls_deserialize_exact(&cb).unwrap().try_into_protocol_message().unwrap();
        let pm = x.g.as_mut().unwrap().process_message(&x.p, msg).unwrap();
        let ProcessedMessageContent::StagedCommitMessage(sc) = pm.into_content() else { panic!() };
        x.g.as_mut().unwrap().merge_staged_commit(&x.p, *sc).unwrap();
    }
    println!("process commit each {:?}", t.elapsed() / ((n - 2) as u32).max(1));
    let t = Instant::now();
    let a = &mut ms[0];
    let (c, _, _) = a.g.as_mut().unwrap().remove_members(&a.p, &a.s, &[LeafNodeIndex::new(1)]).unwrap();
    println!("remove 1 commit {:?} bytes {}", t.elapsed(), c.tls_serialize_detached().unwrap().len());
    a.g.as_mut().unwrap().merge_pending_commit(&a.p).unwrap();
    let cb = c.tls_serialize_detached().unwrap();
    let t = Instant::now();
    let mut k = 0;
    for x in &mut ms[2..(n - 1) as usize] {
        let msg = MlsMessageIn::tls_deserialize_exact(&cb).unwrap().try_into_protocol_message().unwrap();
        let pm = x.g.as_mut().unwrap().process_message(&x.p, msg).unwrap();
        let ProcessedMessageContent::StagedCommitMessage(sc) = pm.into_content() else { panic!() };
        x.g.as_mut().unwrap().merge_staged_commit(&x.p, *sc).unwrap();
        k += 1;
    }
    println!("process remove each {:?}", t.elapsed() / (k as u32).max(1));
    println!("storage {}", ms[0].p.storage.len());
    cb
}
#[test]
fn probe() {
    for (n, s) in
        [(4, MlsSuite::ALL[0]), (8, MlsSuite::ALL[0]), (50, MlsSuite::ALL[0]), (8, MlsSuite::ALL[1])]
    {
        println!("== {n} {s:?}");
        let a = run(n, s);
        let b = run(n, s);
        assert_eq!(a, b);
    }
}
