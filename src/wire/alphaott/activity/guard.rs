//! Bounds on GraphQL documents, judged before anything walks them recursively.

use std::collections::BTreeMap;

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

/// Deepest nesting of brackets in the text.
const NESTING_MAX: usize = 64;
/// Most fields a document may come to when all fragments are put in place.
const FIELDS_MAX: u64 = 1_000;

/// Refuses documents that are cheap to send and dear to run. Answers how many fields one comes to.
pub fn check(text: &str) -> Result<usize, String> {
    if nesting(text) > NESTING_MAX {
        return Err(format!(
            "The query nests deeper than {NESTING_MAX} brackets."
        ));
    }
    // What does not parse is refused, with a better message, by whoever runs it.
    let Ok(document) = async_graphql::parser::parse_query(text) else {
        return Ok(0);
    };
    let mut sizes = BTreeMap::new();
    let mut fields = 0u64;
    for (_, operation) in document.operations.iter() {
        let size = size(&operation.node.selection_set, &document, &mut sizes);
        fields = fields.saturating_add(size);
    }
    if fields > FIELDS_MAX {
        return Err(format!("The query asks for more than {FIELDS_MAX} fields."));
    }
    Ok(usize::try_from(fields).unwrap_or(usize::MAX))
}

/// Deepest nesting of brackets outside strings.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            b'\\' if in_string => escaped = !escaped,
            b'"' if !escaped => in_string = !in_string,
            b'{' | b'[' | b'(' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b'}' | b']' | b')' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = escaped && byte == b'\\';
    }
    deepest
}

/// Fields of a selection with its fragments in place. Each fragment is measured once; one that
/// contains itself counts nothing here and is refused by validation.
fn size<'d>(
    set: &'d Positioned<SelectionSet>,
    document: &'d ExecutableDocument,
    sizes: &mut BTreeMap<&'d Name, u64>,
) -> u64 {
    let mut total = 0u64;
    for item in &set.node.items {
        let size = match &item.node {
            Selection::Field(field) => {
                size(&field.node.selection_set, document, sizes).saturating_add(1)
            }
            Selection::InlineFragment(fragment) => {
                size(&fragment.node.selection_set, document, sizes)
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                match (sizes.get(name), document.fragments.get(name)) {
                    (Some(size), _) => *size,
                    (None, Some(fragment)) => {
                        sizes.insert(name, 0);
                        let size = size(&fragment.node.selection_set, document, sizes);
                        sizes.insert(name, size);
                        size
                    }
                    (None, None) => 0,
                }
            }
        };
        total = total.saturating_add(size);
    }
    total
}
