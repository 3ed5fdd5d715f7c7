use sim::{
    run::{Options, run},
    scenario::Scenario,
};
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let seed = std::env::args().nth(2).map_or(7, |s| s.parse().unwrap());
    let s = match Scenario::load(std::path::Path::new(&path)) {
        Ok(s) => s,
        Err(e) => {
            println!("{e}");
            return;
        }
    };
    let t = std::time::Instant::now();
    let r = run(
        &s,
        seed,
        Options { sabotage: std::env::args().nth(3).map(|s| s.parse().unwrap()), ..Options::default() },
    )
    .unwrap();
    println!("{} digest {} wall {:?}", s.name, r.digest, t.elapsed());
    for p in &r.people {
        println!(
            "{} {:?}\n   frames {:?} refused {:?}",
            serde_json::to_string(&p.report).unwrap(),
            p.stays,
            p.frames,
            p.refused.iter().collect::<Vec<_>>()
        );
    }
    for (at, who, o) in &r.observations {
        println!("{at} {} {o:?}", s.person(*who).name);
    }
    delays(&r);
    println!("wire {:?}", r.server.tap.counters);
    println!(
        "in {} out {} kfr {}",
        r.server.tap.ingress.len(),
        r.server.tap.egress.len(),
        r.server.tap.key_frame_requests.len()
    );
    for ((p, why), n) in &r.server.drops {
        println!("drop {} {why:?} {n}", s.person(sim::packet::person_of(*p)).name);
    }
    for t in &r.server.tracks {
        println!(
            "track {} {:?} rec {} adm {} held {} drop {:?} {}",
            t.source,
            t.kind,
            t.received,
            t.admitted,
            t.held,
            t.dropped.iter().collect::<Vec<_>>(),
            t.balances()
        );
    }
    for (site, m) in &r.links {
        println!("link {} down {:?}\n  up {:?}", s.site(*site).name, m.down.stats, m.up.stats);
    }
}
#[allow(dead_code)]
pub fn delays(r: &sim::run::Run) {
    use std::collections::BTreeMap;
    let t: BTreeMap<u64, _> = r.server.tap.ingress.iter().map(|p| (p.payload, p)).collect();
    let mut n = 0;
    for e in
        r.server.tap.egress.iter().filter(|e| e.payload_type == 111 && sim::packet::person_of(e.peer).0 == 2)
    {
        let i = t[&e.payload];
        if e.at.as_nanos() - i.at.as_nanos() > 1_000_000 && n < 60 {
            n += 1;
            println!(
                "late {} from {} delay {} ms level {}",
                e.at,
                sim::packet::person_of(i.peer).0,
                (e.at.as_nanos() - i.at.as_nanos()) / 1_000_000,
                i.level
            );
        }
    }
}
