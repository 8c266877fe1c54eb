//! docs/security.md names the tests that show what it says: each of them is there.

use std::path::Path;

/// The texts between backticks that name a file and a test in it.
fn named_tests(document: &str) -> Vec<(&str, &str)> {
    document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|text| text.split_once(": "))
        .filter(|(file, _)| {
            Path::new(file)
                .extension()
                .is_some_and(|kind| kind == "rs" || kind == "ts")
        })
        .collect()
}

#[test]
fn every_test_that_the_document_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = std::fs::read_to_string(root.join("docs/security.md")).expect("the document");
    let named = named_tests(&document);
    assert!(named.len() > 80, "{}", named.len());
    let missing: Vec<_> = named
        .into_iter()
        .filter(|(file, test)| {
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            // A browser test carries what it runs with at the end of its title.
            !(source.contains(&format!("fn {test}("))
                || source.contains(&format!("{test}\""))
                || source.contains(&format!("{test}, ${{")))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn only_the_second_factor_is_open() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = std::fs::read_to_string(root.join("docs/security.md")).expect("the document");
    let not_shown: Vec<_> = document
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let is_requirement = cells.len() > 5 && cells[1].split('.').count() == 3;
            (is_requirement && !matches!(cells[4], "shown" | "n/a")).then(|| cells[1].to_owned())
        })
        .collect();
    assert_eq!(not_shown, ["6.3.3"]);
}
