//! What is refused before anything runs, and in which words.

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::{EVERYTHING, read};
use crate::{
    scenario::{Scenario, ScenarioError},
    site::Building,
};

/// Each broken variant of the scenario with one of everything: what is replaced, by what, and how the error begins
/// behind the file's name.
const BROKEN: &[(&str, &str, &str)] = &[
    ("schema = 1", "schema = 2", "1: schema: is 2, expected 1"),
    ("start = \"1s\"", "start = \"1s\"\nmls = 3", "33: mls: is 3, expected 1 or 2"),
    ("start = \"1s\"", "start = \"1s\"\nsframe = 3", "33: sframe: is 3, expected 4 or 5"),
    ("people = 6", "people = 6\nencrypts = false\nmls = 1", "61: mls: is only for a client that encrypts"),
    (
        "people = 6",
        "people = 6\nencrypts = false\nsframe = 4",
        "61: sframe: is only for a client that encrypts",
    ),
    (
        "name = \"everything\"",
        "name = \"Every Thing\"",
        "2: name: `Every Thing` is not a name, expected 1 to 64 lower-case letters, digits and hyphens",
    ),
    ("seed = 7", "sede = 7", "5: sede: unknown field `sede`, expected one of"),
    (
        "seed = 7",
        "seed = -7",
        "5: seed: invalid value: integer `-7`, expected a seed from 0, or a string of `0x` and up to 16 hexadecimal digits",
    ),
    (
        "duration = \"30s\"",
        "duration = \"30\"",
        "4: duration: invalid duration `30`, expected for example `500ms`, `10s` or `2m`",
    ),
    ("duration = \"30s\"", "duration = \"2h\"", "4: duration: is 2h, expected 1s to 1h"),
    (
        "duration = \"30s\"",
        "duration = \"-3s\"",
        "4: duration: invalid duration `-3s`, expected for example `500ms`, `10s` or `2m`",
    ),
    ("duration = \"30s\"", "", "1: duration: missing field `duration`"),
    (
        "[Europe/Berlin]",
        "[Europe/Atlantis]",
        "6: clock: failed to find time zone `Europe/Atlantis` in time zone database",
    ),
    (
        "clock = \"2020",
        "clock = \"1920",
        "6: clock: is 1920-06-15T09:00:00+01:00[Europe/Berlin], expected a year of 1970 to 2200",
    ),
    ("count = 10", "count = 1000000", "9: count: is 1000000, expected 0 to 100000"),
    ("speakers = 3", "speakers = 0", "13: speakers: is 0, expected 1 to 50"),
    ("speakers = 3", "participants_max = 2000", "13: participants_max: is 2000, expected 2 to 1000"),
    (
        "link = \"vdsl-50-10\"",
        "link = \"vdsl-50-100\"",
        "17: link: there is no preset `vdsl-50-100`, expected one of",
    ),
    (
        "link = \"vdsl-50-10\"",
        "link = 50",
        "17: link: invalid type: integer `50`, expected a preset's name or a table with `down` and `up`",
    ),
    (
        "borough = \"mitte\"",
        "borough = \"Mitte\"",
        "18: borough: expected lower-case letters, digits and hyphens",
    ),
    ("count = 2\n", "count = 0\n", "19: count: is 0, expected 1 to 1000"),
    (
        "name = \"branch\"",
        "name = \"amt-2\"",
        "22: name: there is a site `amt-2` already, expected each name once",
    ),
    (
        "rate_kbps = 2000",
        "rate_kbps = -2000",
        "25: rate_kbps: invalid value: integer `-2000`, expected a whole number of 0 to 4294967295",
    ),
    ("rate_kbps = 2000", "rate_kbps = 0", "25: rate_kbps: is 0, expected 1 to 10000000"),
    ("rate_kbps = 2000", "rate_kbps = 99999999", "25: rate_kbps: is 99999999, expected 1 to 10000000"),
    ("rate_kbps = 2000", "rate_kpbs = 2000", "25: rate_kpbs: unknown field `rate_kpbs`, expected one of"),
    (
        "queue_kb = 64",
        "queue_kb = 64, queue_ms = 10",
        "25: queue_kb: `queue_ms` is given too, expected one of them",
    ),
    (
        "queue = \"codel\"",
        "queue = \"red\"",
        "25: queue: unknown variant `red`, expected `drop-tail` or `codel`",
    ),
    ("loss_percent = 2", "loss_percent = 102", "25: loss_percent: is 102, expected 0 to 100"),
    ("loss_percent = 2", "loss_percent = nan", "25: loss_percent: is NaN, expected 0 to 100"),
    (
        "bad_to_good_percent = 25",
        "bad_to_good_percent = 0",
        "26: bad_to_good_percent: is 0, expected more: a bad spell would never end",
    ),
    ("mtu_bytes = 1400", "mtu_bytes = 100", "24: mtu_bytes: is 100, expected 576 to 9000"),
    (
        "name = \"other\"",
        "name = \"council\"",
        "35: name: there is a conference `council` already, expected each name once",
    ),
    ("host = \"anna\"", "host = \"ana\"", "30: host: there is no person `ana`"),
    ("host = \"anna\"", "host = \"guest\"", "30: host: `guest` stands for 3 of them, expected one"),
    ("host = \"anna\"", "host = \"guest-1\"", "67: join: `guest-1` hosts `council` and comes when it starts"),
    (
        "host = \"bert\"",
        "host = \"anna\"",
        "36: host: `anna` belongs to conference `council`, expected one of this",
    ),
    (
        "mode = \"presenter\"",
        "mode = \"lecture\"",
        "31: mode: unknown variant `lecture`, expected `discussion` or `presenter`",
    ),
    (
        "start = \"1s\"",
        "start = \"31s\"",
        "32: start: is 31s, after the end of the run, expected at most 30s",
    ),
    ("start = \"1s\"", "start = \"3s\"", "67: join: is 2s, before `council` starts, expected a later time"),
    ("site = \"amt-1\"", "site = \"amt-3\"", "40: site: there is no site `amt-3`"),
    ("conference = \"other\"", "conference = \"others\"", "51: conference: there is no conference `others`"),
    (
        "name = \"bert\"",
        "name = \"anna\"",
        "49: name: there is a person `anna` already, expected each name once",
    ),
    (
        "camera = \"camera-carphone\"",
        "camera = \"camera-carphone\"\njoin = \"1s\"",
        "44: join: `anna` hosts `council` and comes when it starts",
    ),
    (
        "camera = \"camera-carphone\"",
        "camera = \"camera-vp7\"",
        "43: camera: `camera-vp7` is not a recording of a camera, expected one of",
    ),
    (
        "camera = \"camera-carphone\"",
        "camera = \"slides\"",
        "43: camera: `slides` is not a recording of a camera, expected one of",
    ),
    (
        "microphone = \"talk-vbr\"\n",
        "",
        "45: speaks: there is no microphone to speak into, expected `microphone` beside it",
    ),
    (
        "[\"9s\", \"10s\"]",
        "[\"7s\", \"10s\"]",
        "46: speaks: [7s, 10s] is not possible, expected [from, to] in order, apart, and within 30s",
    ),
    (
        "[\"9s\", \"10s\"]",
        "[\"9s\", \"40s\"]",
        "46: speaks: [9s, 40s] is not possible, expected [from, to] in order, apart, and within 30s",
    ),
    ("[\"9s\", \"10s\"]", "[\"9s\"]", "46: speaks: invalid length 1, expected a tuple of size 2"),
    ("people = 6\n", "", "58: people: is missing for a room, expected 2 to 100"),
    ("people = 6\n", "people = 1\n", "59: people: is 1, expected 2 to 100"),
    ("kind = \"avc-room\"\n", "", "58: people: is only for `kind = \"avc-room\"`"),
    (
        "watch = \"low\"",
        "watch = \"all\"",
        "60: watch: unknown variant `all`, expected one of `none`, `low`, `medium`, `high`",
    ),
    ("watch = \"low\"", "tiles = 50", "60: tiles: is 50, expected 0 to 49"),
    (
        "watch = \"low\"",
        "account = \"thief\"",
        "60: account: `thief` holds no licence, expected `licence = true` there",
    ),
    ("count = 3\n", "count = 60\n", "29: conference: `council` has 62 people, expected at most 50"),
    ("count = 3\n", "count = 200\n", "63: join: `guest-114` would join after the end of the run"),
    (
        "join_spacing = \"250ms\"",
        "join_spacing = \"20s\"",
        "63: join: `guest-3` would join after the end of the run",
    ),
    (
        "link = \"revoked\"",
        "link = \"stolen\"",
        "74: link: is `stolen`, expected `invitation`, `without-key`, `wrong`, `revoked` or `foreign:<conference>`",
    ),
    (
        "link = \"revoked\"",
        "link = \"foreign:council\"",
        "74: link: is their own conference, expected another",
    ),
    ("join = \"20s\"", "join = \"9s\"", "74: link: no link is revoked before `thief` joins"),
    ("whom = \"guest-1\"", "whom = \"gast-1\"", "81: whom: there is no person `gast-1`"),
    ("whom = \"guest-1\"", "whom = \"guest\"", "81: whom: `guest` stands for 3 of them, expected one"),
    (
        "whom = \"guest-1\"",
        "whom = \"bert\"",
        "81: whom: `bert` takes part in another conference than `anna`",
    ),
    ("whom = \"guest-1\"\n", "", "80: whom: is missing, expected `whom` for this deed"),
    (
        "media = [\"audio\", \"camera\"]",
        "media = []",
        "82: media: is empty, expected some of audio, camera, screen",
    ),
    (
        "media = [\"audio\", \"camera\"]",
        "media = [\"audio\", \"smell\"]",
        "82: media: unknown variant `smell`, expected one of `audio`, `camera`, `screen`",
    ),
    (
        "media = [\"audio\", \"camera\"]",
        "mode = \"presenter\"",
        "82: mode: does not belong to this deed, expected whom, media beside `at`, `who` and `do`",
    ),
    ("do = \"raise-hand\"", "do = \"rise-hand\"", "87: do: unknown variant `rise-hand`, expected one of"),
    (
        "do = \"raise-hand\"",
        "do = \"share-screen\"",
        "87: do: `guest-1` has no screen, expected `screen` at the person",
    ),
    ("do = \"raise-hand\"", "do = \"set-mode\"", "87: mode: is missing, expected `mode` for this deed"),
    (
        "do = \"raise-hand\"",
        "do = \"raise-hand\"\nwhom = \"anna\"",
        "88: whom: does not belong to this deed, expected nothing beside `at`, `who` and `do`",
    ),
    ("at = \"5s\"", "at = \"31s\"", "85: at: is 31s, after the end of the run, expected at most 30s"),
    (
        "kind = \"screen\"",
        "kind = \"audio\"",
        "94: kind: is audio, which is always received, expected camera or screen",
    ),
    ("layer = \"none\"\n", "", "92: layer: is missing, expected `layer` for this deed"),
    (
        "rate_kbps = 1000\n",
        "",
        "103: fault: changes nothing, expected `outage = true`, `rate_kbps` or another",
    ),
    (
        "duration = \"5s\"",
        "duration = \"50s\"",
        "107: duration: ends after the run, expected an end within it",
    ),
    (
        "duration = \"5s\"",
        "duration = \"0s\"",
        "107: duration: is 0, expected more, or no duration for a lasting fault",
    ),
    (
        "direction = \"both\"",
        "direction = \"sideways\"",
        "105: direction: unknown variant `sideways`, expected one of `down`, `up`, `both`",
    ),
    ("down_for = \"1s\"", "down_for = \"0s\"", "121: down_for: is 0, expected more"),
    (
        "down_for = \"1s\"",
        "down_for = \"8s\"",
        "121: down_for: lasts to the end of the run or longer, expected a restart within it",
    ),
    ("at = \"22s\"", "at = \"21s\"", "120: at: is 21s, while the node is down already until 21.500000 s"),
    ("at = \"22s\"", "at = \"31s\"", "120: at: is 31s, after the end of the run, expected at most 30s"),
    (
        "down_for = \"1s\"\n",
        "",
        "120: down_for: is missing: the node carries on after it, or another one after `taken_over_after`",
    ),
    (
        "down_for = \"1s\"\n",
        "down_for = \"1s\"\ntaken_over_after = \"2s\"\n",
        "122: taken_over_after: is given beside `down_for`, expected one of them: the conferences have one place",
    ),
    ("who = \"guest-*\"", "who = \"gast-*\"", "110: who: `gast-*` names nobody"),
    (
        "audio_mos_max = 4.5",
        "audio_mos_max = 3",
        "112: audio_mos_min: is 3.6, above `audio_mos_max` of 3, expected at most that",
    ),
    ("audio_mos_max = 4.5", "audio_mos_max = 5", "113: audio_mos_max: is 5, expected 1 to 4.5"),
    ("joined = true", "refused = \"full\"", "111: refused: unknown variant `full`, expected one of"),
    (
        "joined = true\naudio_mos_min = 3.6\naudio_mos_max = 4.5\n",
        "",
        "110: expect: expects nothing, expected `joined`, `refused` or a bound",
    ),
    ("site = \"amt-1\"\n", "", "38: site: missing field `site`"),
    (
        "duration = \"30s\"",
        "duration = ",
        "4: duration: string values must be quoted, expected literal string",
    ),
    (
        "licence = true\n\n[[person]]\nname = \"room\"",
        "\n\n[[person]]\nname = \"room\"",
        "36: host: `bert` holds no licence",
    ),
    (
        "camera = \"camera-carphone\"",
        "link = \"wrong\"",
        "30: host: `anna` opens no link, expected a person without `link`",
    ),
    (
        "licence = true\ncamera",
        "licence = true\naccount = \"bert\"\ncamera",
        "43: account: `licence` is given too, expected one of them",
    ),
    ("schema = 1", "schema = 1\nschema = 1", "2: schema: duplicate key"),
];

#[test]
fn every_broken_variant_is_refused_with_line_and_field_and_what_was_expected() {
    for (old, new, expected) in BROKEN {
        let error = read(&[(old, new)]).expect_err(new).to_string();
        let said = error.strip_prefix("test.toml:").unwrap();
        assert!(said.starts_with(expected), "{old:?} -> {new:?}\n  {said}\n  {expected}");
    }
}

#[test]
fn a_preset_that_does_not_exist_is_refused_with_the_list_of_those_that_do() {
    let error = read(&[("link = \"vdsl-50-10\"", "link = \"vdsl-50-100\"")]).unwrap_err();
    insta::assert_snapshot!(shown(&error), @r#"
     x test.toml:17: link: there is no preset `vdsl-50-100`, expected one of adsl-6-06, adsl2plus-16-1, avc-room, copper-town-hall, fibre-100, fibre-1000, lte-fallback, sdsl-2-2, vdsl-50-10, vdsl-
     | vectoring-100-40
       ,-[test.toml:17:8]
    16 | name = "amt"
    17 | link = "vdsl-50-100"
       :        ^^^^^^|^^^^^^
       :              `-- link
    18 | borough = "mitte"
       `----
     help: did you mean `vdsl-50-10`?
    "#);
}

#[test]
fn a_step_about_nobody_is_refused_with_the_name_that_was_probably_meant() {
    let error = read(&[("whom = \"guest-1\"", "whom = \"gast-1\"")]).unwrap_err();
    insta::assert_snapshot!(shown(&error), @r#"
     x test.toml:81: whom: there is no person `gast-1`
       ,-[test.toml:81:8]
    80 | do = "grant"
    81 | whom = "gast-1"
       :        ^^^^|^^^
       :            `-- whom
    82 | media = ["audio", "camera"]
       `----
     help: did you mean `guest-1`?
    "#);
}

#[test]
fn a_value_inside_an_inline_table_is_marked_where_it_stands() {
    let error = read(&[("loss_percent = 2", "loss_percent = 102")]).unwrap_err();
    insta::assert_snapshot!(shown(&error), @r#"
     x test.toml:25: loss_percent: is 102, expected 0 to 100
       ,-[test.toml:25:90]
    24 | mtu_bytes = 1400
    25 | down = { rate_kbps = 2000, delay_ms = 10, queue_kb = 64, queue = "codel", loss_percent = 102 }
       :                                                                                          ^|^
       :                                                                                           `-- loss_percent
    26 | up = { rate_kbps = 1000, delay_ms = 10, jitter_ms = 3, burst_loss = { good_to_bad_percent = 1, bad_to_good_percent = 25 } }
       `----
    "#);
}

#[test]
fn a_conference_above_the_limit_is_refused_with_the_way_to_mean_it() {
    let error = read(&[("count = 3\n", "count = 60\n")]).unwrap_err();
    insta::assert_snapshot!(shown(&error), @r#"
     x test.toml:29: conference: `council` has 62 people, expected at most 50
       ,-[test.toml:29:8]
    28 | [[conference]]
    29 | name = "council"
       :        ^^^^|^^^^
       :            `-- conference
    30 | host = "anna"
       `----
     help: state `participants_max` under `[limits]` to raise it, or to rehearse the overflow
    "#);
    read(&[("count = 3\n", "count = 60\n"), ("speakers = 3", "participants_max = 50")]).unwrap();
}

#[test]
fn a_building_that_does_not_say_where_its_rates_come_from_is_refused() {
    let text = "description = \"\"\nsource = \" \"\n[link.down]\nrate_kbps = 1\ndelay_ms = 1\n[link.up]\nrate_kbps = 1\ndelay_ms = 1\n";
    let error = Building::from_toml("site.toml", text).unwrap_err();
    assert_eq!(error.to_string(), "site.toml:2: source: is empty");
    let sourced = text.replace("\" \"", "\"assumption: a modem\"");
    // Two packets fit into the shortest queue.
    assert_eq!(Building::from_toml("site.toml", &sourced).unwrap().link.up.queue_bytes, 3_000);
}

#[test]
fn a_file_that_cannot_be_read_is_refused_by_name() {
    let error = Scenario::load("nowhere/none.toml".as_ref()).unwrap_err();
    assert!(error.to_string().starts_with("nowhere/none.toml: cannot be read: "), "{error}");
    assert_eq!(error.line(), None);
}

#[test]
fn a_damaged_file_is_refused_or_read_and_never_panics() {
    let lines = EVERYTHING.lines().count();
    let mut refused = 0;
    for (at, _) in EVERYTHING.char_indices().step_by(3) {
        for damage in ["", "ä", "\"", "[", "\n", "9", "-"] {
            let text = format!("{}{damage}{}", &EVERYTHING[..at], &EVERYTHING[at + 1..]);
            if let Err(error) = Scenario::from_toml("test.toml", &text) {
                assert!((1..=lines + 2).contains(&error.line().unwrap()), "{error}");
                assert!(!shown(&error).is_empty());
                refused += 1;
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}

/// The error as a terminal without colours shows it.
fn shown(error: &ScenarioError) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::none())
        .with_width(200)
        .render_report(&mut text, error)
        .unwrap();
    text
}
