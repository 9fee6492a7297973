//! Files of item types: YAML or JSON, one type or several divided by `---`.

use taskey_proto::item_types::ItemTypeSpec;

use crate::definitions::{self, Fault, unquoted_template};
use crate::places::blamed_field;

/// Reads the types of a file; `is_json` where its name says so.
pub fn parse(text: &str, is_json: bool) -> Result<Vec<ItemTypeSpec>, Fault> {
    definitions::parse(text, is_json, |text, fault| unquoted_template(text).or_else(|| blamed_field::<ItemTypeSpec>(text)).unwrap_or(fault))
}

#[cfg(test)]
mod tests {
    use taskey_proto::item_types::check_item_type;

    use super::*;

    const HEAD: &str = "name: refund\ntitle: \"Refund {{ amount }}\"\nfields:\n  type: object\n";

    fn fault_of(rest: &str) -> Fault {
        parse(&format!("{HEAD}{rest}"), false).unwrap_err()
    }

    #[test]
    fn the_order_of_fields_states_and_buttons_is_that_of_the_file() {
        let text = format!(
            "{HEAD}  properties: {{order: {{type: string}}, amount: {{type: number}}}}\nstates: {{new: {{}}, asked: {{}}}}\n\
             resolutions: {{yes: {{}}, later: {{refusal: true}}, no: {{refusal: true}}}}\n"
        );
        let spec = &parse(&text, false).unwrap()[0];
        assert_eq!(spec.fields.properties.names().collect::<Vec<_>>(), ["order", "amount"]);
        assert_eq!(spec.states.names().collect::<Vec<_>>(), ["new", "asked"]);
        assert_eq!(spec.resolutions.names().collect::<Vec<_>>(), ["yes", "later", "no"]);
        let json = serde_json::to_string(spec).unwrap();
        assert_eq!(parse(&json, true).unwrap()[0], *spec);
        assert_eq!(parse(&json, false).unwrap()[0], *spec);
    }

    #[test]
    fn a_file_may_hold_several_types() {
        let one = format!("{HEAD}resolutions: {{done: {{}}}}\n");
        assert_eq!(parse(&format!("{one}---\n{one}"), false).unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_told_by_line_and_key() {
        for (rest, line, text) in [
            ("resolutions:\n  done: {refussal: true}\n", 6, "resolutions/done/refussal: there is no such field"),
            ("resolutions:\n  done:\n    reasons: fraud\n", 7, "resolutions/done/reasons: invalid type"),
            ("resolutions: {done: {}}\ndue_in: soon\n", 6, "due_in: not a length of time"),
            ("resolutions: {done: {}}\non_timeout: panic\n", 6, "on_timeout: unknown variant `panic`"),
            ("resolutions: {done: {}}\nresolution: {}\n", 6, "resolution: there is no such field"),
            ("resolutions: {done: {}}\ntext: {{ order }}\n", 6, "text: put it in quotes, as in text: \"{{ order }}\""),
            ("resolutions:\n  done:\n    label: {{ order }}  # the order\n", 7, "label: put it in quotes, as in label: \"{{ order }}\""),
        ] {
            let fault = fault_of(rest);
            assert!(fault.line == line && fault.text.starts_with(text), "{rest}: {fault:?}");
        }
        let fault = fault_of("");
        assert!(fault.line == 1 && fault.text == "resolutions: this field is needed", "{fault:?}");
    }

    #[test]
    fn the_examples_are_right() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/item-types");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let specs = parse(&std::fs::read_to_string(&path).unwrap(), false).unwrap_or_else(|fault| panic!("{path:?}: {fault:?}"));
            for spec in specs {
                let errors = check_item_type(&spec);
                assert!(errors.is_empty(), "{path:?}: {errors:?}");
                names.push(spec.name);
            }
        }
        names.sort();
        assert_eq!(names, ["content-flag", "dispute", "refund", "sign-up"]);
    }
}
