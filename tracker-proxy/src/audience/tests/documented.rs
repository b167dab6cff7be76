//! Every example of `docs/AUDIENCES.md` compiles.

use jiff::tz::TimeZone;

use crate::audience::{AudienceSet, Definition, Numbering};
use crate::document::{Mistakes, parse};
use crate::keys::CatalogVersion;

const GUIDE: &str = include_str!("../../../../docs/AUDIENCES.md");

/// The YAML blocks of the guide.
fn blocks() -> Vec<&'static str> {
    let pieces = GUIDE.split("```yaml\n").skip(1);
    pieces
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn every_example_of_the_guide_compiles() {
    let mut definitions: Vec<Definition> = Vec::new();
    for (n, block) in blocks().into_iter().enumerate() {
        let node = parse(block).unwrap();
        // A list of conditions, or a whole audience.
        let texts: Vec<String> = match node.as_list() {
            Some(conditions) => {
                let conditions = conditions.iter().enumerate();
                let wrapped = conditions.map(|(m, condition)| {
                    format!(
                        "{{\"id\": \"b{n}_{m}\", \"when\": {}}}",
                        condition.to_json()
                    )
                });
                wrapped.collect()
            }
            None => vec![block.to_owned()],
        };
        for text in texts {
            let mut mistakes = Mistakes::default();
            let read = Definition::read(&parse(&text).unwrap(), &mut mistakes);
            assert_eq!(mistakes.into_sorted(), [], "{text}");
            definitions.extend(read);
        }
    }
    assert!(definitions.len() > 40, "{}", definitions.len());
    let mut numbering = Numbering::default();
    let zone = TimeZone::UTC;
    let set = AudienceSet::compile(&definitions, CatalogVersion(1), &mut numbering, &zone);
    let set = set.unwrap();
    for (no, definition) in set.audiences() {
        assert!(!set.exactness(no).is_empty(), "{}", definition.id);
    }
}
