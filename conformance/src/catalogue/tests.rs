//! Claims about reading the catalogue.

use super::*;

const GOOD: &str = r#"[[requirement]]
id = "LIC-001"
level = "MUST"
statement = "A licence starts a conference."
source = "brief 2, RFC 9605, project"
status = "checked"
"#;

fn faults(name: &str, text: &str) -> Vec<String> {
    match Catalogue::from_files(&[(name, text)]) {
        Ok(_) => Vec::new(),
        Err(HarnessError::Catalogue(faults)) => faults,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_embedded_catalogue_is_well_formed_and_complete() {
    let catalogue = Catalogue::embedded().unwrap();
    assert_eq!(catalogue.requirements().len(), 76);
    for area in ["LIC", "CAP", "JOIN", "PRES", "NET", "CAM", "AVC", "E2E", "FWD", "SEC", "DET"] {
        let numbers: Vec<_> = catalogue
            .requirements()
            .iter()
            .filter(|row| row.area() == area)
            .map(|row| row.id.clone())
            .collect();
        let expected: Vec<_> = (1..=numbers.len()).map(|n| format!("{area}-{n:03}")).collect();
        assert!(!numbers.is_empty());
        assert_eq!(numbers, expected, "the ids of an area count up without gaps");
    }
}

#[test]
fn a_row_is_read_with_all_its_sources() {
    let catalogue = Catalogue::from_files(&[("lic.toml", GOOD)]).unwrap();
    let row = catalogue.get("LIC-001").unwrap();
    assert_eq!(row.level, Level::Must);
    assert_eq!(row.sources, [Source::Brief(2), Source::Rfc(9605), Source::Project]);
    assert_eq!(row.coverage, Coverage::Checked);
    assert_eq!(row.place, "fixtures/requirements/lic.toml:2");
    assert_eq!(row.reason(), None);
}

#[test]
fn a_withdrawn_row_keeps_its_id_and_its_reason() {
    let text = GOOD.replace("\"checked\"", "\"withdrawn\"\nreason = \"the contract says otherwise\"");
    let catalogue = Catalogue::from_files(&[("lic.toml", &text)]).unwrap();
    let row = catalogue.get("LIC-001").unwrap();
    assert_eq!(row.coverage, Coverage::Withdrawn("the contract says otherwise".to_owned()));
    assert_eq!(row.reason(), Some("the contract says otherwise"));
}

#[test]
fn each_fault_names_file_line_and_id() {
    let cases = [
        (GOOD.replace("\"checked\"", "\"todo\""), "todo without a reason"),
        (GOOD.replace("\"checked\"", "\"todo\"\nreason = \" \""), "todo without a reason"),
        (GOOD.replace("\"checked\"", "\"withdrawn\""), "withdrawn without a reason"),
        (format!("{GOOD}reason = \"x\"\n"), "checked, but with a reason why not"),
        (GOOD.replace("A licence starts a conference.", " "), "the statement is empty"),
        (GOOD.replace("brief 2", "brief two"), "the source is not a list"),
    ];
    for (text, fault) in cases {
        let found = faults("lic.toml", &text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("fixtures/requirements/lic.toml:2: LIC-001: "), "{found:?}");
        assert!(found[0].contains(fault), "{found:?}");
    }
}

#[test]
fn a_malformed_id_is_refused() {
    for id in ["LIC-1", "lic-001", "LIC001", "LIC-0001", "LIC-00x", "-001", "1LIC-001"] {
        let found = faults("lic.toml", &GOOD.replace("LIC-001", id));
        assert!(found.iter().any(|fault| fault.contains("an id is an area")), "{id}: {found:?}");
    }
}

#[test]
fn a_row_in_the_file_of_another_area_is_refused() {
    assert!(faults("cap.toml", GOOD)[0].contains("not the file's name"));
}

#[test]
fn a_duplicate_id_names_both_places() {
    let found = faults("lic.toml", &format!("{GOOD}\n{GOOD}"));
    assert_eq!(
        found,
        [
            "fixtures/requirements/lic.toml:9: LIC-001: the id is already used at fixtures/requirements/lic.toml:2"
        ]
    );
}

#[test]
fn an_unknown_field_names_its_line() {
    let found = faults("lic.toml", &format!("{GOOD}colour = \"red\"\n"));
    assert!(found[0].starts_with("fixtures/requirements/lic.toml:7: "), "{found:?}");
    assert!(found[0].contains("colour"), "{found:?}");
}
