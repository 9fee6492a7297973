//! Templates: text made of values, with a bound on what they may cost. They reach nothing but what they are given.

mod language;

use std::io;

use minijinja::{Environment, ErrorKind};
use serde_json::Value;

/// Bytes that a template may make.
const LEN_MAX: usize = 64 * 1024;

/// Named templates.
pub struct Templates(Environment<'static>);

impl Default for Templates {
    fn default() -> Self {
        Self(language::environment())
    }
}

impl Templates {
    /// Adds a template, or says what is wrong with it.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), String> {
        if let Some(problem) = language::problem_of(text) {
            return Err(problem);
        }
        self.0.add_template_owned(name.to_owned(), text.to_owned()).map_err(|error| words(&error))
    }

    /// What a template asks for that there is not: a filter, a function, another template. `None` also where there is no such template.
    pub fn unknown(&self, name: &str) -> Option<String> {
        let template = self.0.get_template(name).ok()?;
        let error = template.render_captured_to(minijinja::value::Serde(serde_json::json!({})), &mut Bounded(Vec::new())).err()?;
        let is_unknown = matches!(
            error.kind(),
            ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction | ErrorKind::TemplateNotFound
        );
        is_unknown.then(|| words(&error))
    }

    /// What a template makes of `values`, at most [`LEN_MAX`] bytes.
    pub fn render(&self, name: &str, values: &Value) -> Result<String, String> {
        let mut text = Bounded(Vec::new());
        let template = self.0.get_template(name).map_err(|error| words(&error))?;
        template.render_captured_to(minijinja::value::Serde(values), &mut text).map(drop).map_err(|error| words(&error))?;
        Ok(String::from_utf8_lossy(&text.0).into_owned())
    }
}

/// One template by itself.
pub struct Template(Templates);

impl Template {
    /// Reads a template, or says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut templates = Templates::default();
        templates.add("", text)?;
        Ok(Self(templates))
    }

    pub fn render(&self, values: &Value) -> Result<String, String> {
        self.0.render("", values)
    }
}

/// What a template makes of `values`: of one that is nothing but a `{{ … }}` the value itself, of any other one a text.
pub fn evaluate(text: &str, values: &Value) -> Result<Value, String> {
    let inner = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).filter(|inner| !inner.contains("{{"));
    let Some(inner) = inner else {
        return Template::read(text)?.render(values).map(Value::String);
    };
    // `{{-` is no minus: it takes the white space away, of which there is none here.
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.strip_suffix(['-', '+']).unwrap_or(inner);
    if let Some(problem) = language::problem_of_expression(inner) {
        return Err(problem);
    }
    let templates = Templates::default();
    let expression = templates.0.compile_expression(inner).map_err(|error| words(&error))?;
    let value = expression.eval(minijinja::value::Serde(values)).map_err(|error| words(&error))?;
    serde_json::to_value(value).map_err(|error| error.to_string())
}

struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LEN_MAX {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is wrong, for whoever wrote the template.
fn words(error: &minijinja::Error) -> String {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    match error.kind() {
        ErrorKind::OutOfFuel => format!("{line}it takes too many steps"),
        ErrorKind::WriteFailure => format!("it makes more than {LEN_MAX} bytes"),
        kind => format!("{line}{}", error.detail().map_or_else(|| kind.to_string(), str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(text: &str, values: Value) -> Result<String, String> {
        let mut templates = Templates::default();
        templates.add("t", text)?;
        templates.render("t", &values)
    }

    #[test]
    fn fields_become_text_as_they_are() {
        assert_eq!(
            made("Refund {{ amount }} for {{ order }}", json!({"amount": 240, "order": "<b>A1</b>"})).unwrap(),
            "Refund 240 for <b>A1</b>"
        );
        assert_eq!(made("{{ missing }}.", json!({})).unwrap(), ".");
        assert_eq!(made("{{ note }}", json!({"note": "{{ 7 * 7 }}"})).unwrap(), "{{ 7 * 7 }}", "what is in a field is no template");
    }

    #[test]
    fn a_template_that_never_ends_or_makes_too_much_is_cut_off() {
        let many = vec![1; 1_000];
        let endless = "{% for a in many %}{% for b in many %}x{% endfor %}{% endfor %}";
        assert!(made(endless, json!({"many": many})).unwrap_err().contains("too many steps"));
        let long = "{% for a in many %}{{ text }}{% endfor %}";
        assert!(made(long, json!({"many": many, "text": "x".repeat(1_000)})).unwrap_err().contains("more than"));
        for growing in ["{{ text | replace('x', text) }}", "{{ many | join(text) }}"] {
            assert!(made(growing, json!({"many": many, "text": "x".repeat(1_000)})).unwrap_err().contains("more than"), "{growing}");
        }
    }

    #[test]
    fn filters_do_not_look_at_long_texts_again_and_again() {
        let values = json!({"many": vec![1; 1_000], "text": "x".repeat(60_000)});
        for filter in ["capitalize", "lower", "title", "trim", "upper", "replace('y', 'z')", "tojson"] {
            let again = format!("{{% for a in many %}}{{% if text|{filter} == '' %}}{{% endif %}}{{% endfor %}}");
            assert!(made(&again, values.clone()).unwrap_err().contains("look at more than"), "{filter}");
            assert!(made(&format!("{{% if text|{filter} %}}yes{{% endif %}}"), values.clone()).is_ok(), "{filter}");
        }
        let joined = "{% for a in many %}{% if many|join == '' %}{% endif %}{% endfor %}";
        assert!(made(joined, values.clone()).unwrap_err().contains("look at more than"));
        let twice = "{{ many|join|length }} {{ many|join|length }}";
        assert_eq!(made(twice, values).unwrap(), "1000 1000", "what one template looked at is not counted for the next");
        assert_eq!(made("{{ 'éA b'|capitalize }} {{ ''|capitalize }}{{ ' éA b '|trim|title }}", json!({})).unwrap(), "Éa b Éa B");
    }

    #[test]
    fn no_template_makes_long_texts_of_short_ones() {
        for refused in [
            "{{ 'x' * 100000000 }}",
            "{{ a ~ a }}",
            "{{ (a) + a }}",
            "{% for b in [a ~ a] %}{{ b }}{% endfor %}",
            "{% set b = a %}",
            "{%- set b = a %}",
            "{% with b = a %}{% endwith %}",
            "{% raw %}{{ ' {% endraw %}{{ a ~ a }}{% raw %} ' }}{% endraw %}",
            "{# ' #}{{ a ~ a }}{# ' #}",
            "{{ {'b': {'c': 1}} ~ a }}",
            "{{ 'it\\'s' ~ a }}",
            "{{ \"'\" ~ a }}",
            "{{ (a }} ~ a) }}",
            "{% filter upper %}x{% endfilter %}",
            "{{ a | indent(100000000) }}",
            "{{ '%100000000s' | format(a) }}",
            "{{ range(100000) | list }}",
            "{{ namespace() }}",
            "{#}{{ \"#}{{ 'x' * 100000000 }}{#\" }}#}",
            "{% for b in [[1,1],[1,1]] %}{% for c in [b,b] %}x{% endfor %}{% endfor %}",
            "{% for b in a recursive %}{{ loop(b)|length }}{% endfor %}",
            "{{ ''[::-1] }}",
            "{{ --1 }}",
            "{% for b in a %}{{ loop.cycle() }}{% endfor %}",
            &format!("{{{{ {}a }}}}", "not ".repeat(200)),
            &format!("{{{{ a{} }}}}", ".a".repeat(300)),
            &format!("{{{{ [{}a]|tojson }}}}", "a,".repeat(100)),
            &format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(60)),
            &"x".repeat(20_001),
        ] {
            assert!(made(refused, json!({"a": "x"})).is_err(), "{refused}");
        }
        assert!(evaluate("{{ body.a ~ body.a }}", &json!({"body": {"a": "x"}})).is_err());
        for (allowed, expected) in [
            ("{ * ~ + } {# {{ a ~ #}{{ '*' }}", "{ * ~ + } *"),
            ("{{ [a, 'b']|join(', ') }} {{ (1 - 3)|abs }} {{ 'a-b'|replace('-', ' ') }}", "x, b 2 a b"),
            ("{{ 19.9|fixed(2) }} {{ 7|times(100) }} {{ 0.5|times(3) }} {{ 240|fixed(2) }}", "19.90 700 1.5 240.00"),
            ("{% if a == 'x' and a is defined %}yes{% elif a %}no{% else %}none{% endif %}", "yes"),
            ("{\"a\": {{ a|tojson }}}", "{\"a\": \"x\"}"),
        ] {
            assert_eq!(made(allowed, json!({"a": "x"})).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_nothing_but_one_value_keeps_its_kind() {
        let values = json!({"body": {"amount": 240, "lines": [1, 2], "ok": true}});
        assert_eq!(evaluate("{{ body.amount }}", &values).unwrap(), json!(240));
        assert_eq!(evaluate("{{- body.amount -}}", &values).unwrap(), json!(240));
        assert_eq!(evaluate("{{ -body.amount }}", &values).unwrap(), json!(-240));
        assert_eq!(evaluate(" {{ body.lines }} ", &values).unwrap(), json!([1, 2]));
        assert_eq!(evaluate("{{ body.ok and body.amount > 100 }}", &values).unwrap(), json!(true));
        assert_eq!(evaluate("{{ body.missing }}", &values).unwrap(), Value::Null);
        assert_eq!(evaluate("{{ body.amount }} EUR", &values).unwrap(), json!("240 EUR"));
        assert_eq!(evaluate("{{ body.amount }}{{ body.ok }}", &values).unwrap(), json!("240True"));
        assert!(evaluate("{{ body. }}", &values).is_err());
    }

    #[test]
    fn a_mistake_names_its_line() {
        assert!(made("a\n{{ b", json!({})).unwrap_err().starts_with("line 2"), "{:?}", made("a\n{{ b", json!({})));
        assert!(made("{% include 'other' %}", json!({})).is_err());
    }
}
