//! Files of webhooks: YAML or JSON, one webhook each.

use taskey_proto::webhooks::WebhookSpec;

use crate::definitions::{self, Fault, unquoted_template};
use crate::places::blamed_field;

/// Reads the webhook of a file; `is_json` where its name says so. `None` where it holds none, or several.
pub fn parse(text: &str, is_json: bool) -> Result<Option<WebhookSpec>, Fault> {
    let closer = |text: &str, fault| unquoted_template(text).or_else(|| blamed_field::<WebhookSpec>(text)).unwrap_or(fault);
    let mut specs = definitions::parse::<WebhookSpec>(text, is_json, closer)?;
    Ok(specs.pop().filter(|_| specs.is_empty()))
}

#[cfg(test)]
mod tests {
    use taskey_proto::webhooks::{BodyKind, Signing};

    use super::*;

    #[test]
    fn a_file_holds_one_webhook() {
        let text = "url: https://shop.example/hooks\ntypes: [refund]\nevents: [item.resolved]\nbody: thin\nsigning: ed25519\n";
        let spec = parse(text, false).unwrap().unwrap();
        assert_eq!((spec.body, spec.signing, spec.types), (BodyKind::Thin, Signing::Ed25519, vec!["refund".to_owned()]));
        assert_eq!(parse(&format!("{text}---\n{text}"), false), Ok(None));
        assert_eq!(parse("", false), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_told_by_line_and_key() {
        for (text, line, told) in [
            ("url: https://a.example/\nevent: [item.resolved]\n", 2, "event: there is no such field"),
            ("url: https://a.example/\nbody: fat\n", 2, "body: unknown variant `fat`"),
            ("inbound:\n  type: refund\n  fields:\n    amount: {{ body.amount }}\n", 4, "amount: put it in quotes"),
            ("inbound:\n  fields: {}\n", 2, "inbound/type: this field is needed"),
        ] {
            let fault = parse(text, false).unwrap_err();
            assert!(fault.line == line && fault.text.starts_with(told), "{text}: {fault:?}");
        }
    }
}
