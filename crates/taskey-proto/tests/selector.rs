//! Selectors: what they let through, what is wrong with those that cannot be read, and their normal form.

use proptest::prelude::*;
use taskey_proto::devices::Labels;
use taskey_proto::selector::{SELECTOR_DEPTH_MAX, SELECTOR_LEN_MAX, Selector, Subject};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Whether it lets a web server of ours through.
fn matches(selector: &str) -> bool {
    let labels =
        labels(&[("role", "web"), ("rack", "3"), ("os", "label wins"), ("note", "a \"b\" \\ c"), ("name", "alias"), ("empty", "")]);
    let facts =
        [("os", "linux"), ("kernel", "6.1.0-18-amd64"), ("distribution", "debian"), ("distribution_version", "12.10"), ("cpus", "16")];
    let facts = self::labels(&facts);
    let subject = Subject { name: "web-1", labels: &labels, facts: &facts, groups: &["eu", "shop"], online: true };
    Selector::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error}")).matches(&subject)
}

#[test]
fn labels_and_facts_are_compared_with_values() {
    for selector in [
        "role=web",
        "role = web",
        "role!=db",
        "role in (db, web)",
        "role not in (db, mail)",
        "role",
        "distribution=debian and cpus=16",
        "rack=3",
        "note=\"a \\\"b\\\" \\\\ c\"",
        "empty=\"\"",
        "empty",
    ] {
        assert!(matches(selector), "{selector}");
    }
    for selector in ["role=db", "role!=web", "role in (db)", "role not in (web)", "distribution=alpine", "role=WEB", "rack=03"] {
        assert!(!matches(selector), "{selector}");
    }
}

#[test]
fn a_label_counts_before_a_fact_of_the_same_name_and_either_can_be_forced() {
    assert!(matches("os=\"label wins\"") && !matches("os=linux"));
    assert!(matches("fact.os=linux and label.os=\"label wins\""));
    assert!(matches("name=web-1 and label.name=alias"));
    assert!(!matches("fact.role") && !matches("label.cpus") && matches("cpus"));
}

#[test]
fn a_device_without_the_key_passes_what_denies_and_nothing_else() {
    for selector in ["site!=x", "site not in (x, y)", "not site", "not site=x", "not site~\"*\"", "not site<3"] {
        assert!(matches(selector), "{selector}");
    }
    for selector in ["site", "site=x", "site=\"\"", "site in (x)", "site~\"*\"", "site<3", "site>=0"] {
        assert!(!matches(selector), "{selector}");
    }
}

#[test]
fn name_groups_and_presence_are_keys() {
    for selector in [
        "name~web-*",
        "group=eu",
        "group in (us, shop)",
        "group",
        "group~sh*",
        "group!=us",
        "online",
        "online=true",
        "online!=false",
        "group=eu and group=shop",
    ] {
        assert!(matches(selector), "{selector}");
    }
    for selector in ["name=web", "group=us", "group!=eu", "group not in (eu)", "not online", "online=false"] {
        assert!(!matches(selector), "{selector}");
    }
}

#[test]
fn a_star_stands_for_any_characters_after_a_tilde_alone() {
    let yes = ["web-1", "web*", "*-1", "*", "w*1", "w*b*1", "**", "*eb*", "web-1*", "*web-1"];
    for pattern in yes {
        assert!(matches(&format!("name~{pattern}")) && matches(&format!("name~\"{pattern}\"")), "{pattern}");
    }
    for pattern in ["web", "eb*", "*web", "web-1*1", "w*x*1", "W*", "?eb-1", "\"\""] {
        assert!(!matches(&format!("name~\"{}\"", pattern.trim_matches('"'))), "{pattern}");
    }
    assert!(!matches("name=\"web-*\""), "in quotes it is a star");
}

#[test]
fn numbers_and_versions_are_compared_where_both_are_such() {
    for selector in ["cpus>=16", "cpus<17", "cpus>4", "rack<=3", "distribution_version>12.9", "distribution_version>=12", "rack>=3.0"] {
        assert!(matches(selector), "{selector}");
    }
    for selector in ["cpus<16", "cpus>16", "kernel>1", "kernel<100", "role>0", "distribution_version<12.9"] {
        assert!(!matches(selector), "{selector}");
    }
}

#[test]
fn not_binds_before_and_and_that_before_or() {
    assert!(matches("role=web or role=db and rack=9"));
    assert!(!matches("(role=web or role=db) and rack=9"));
    assert!(matches("not role=db and rack=3"));
    assert!(!matches("not (role=web or rack=9)"));
    assert!(matches("not not role=web"));
}

/// Where and how a selector is wrong.
fn wrong(selector: &str) -> String {
    Selector::parse(selector).expect_err(selector).to_string()
}

#[test]
fn what_cannot_be_read_says_where_and_what_was_expected() {
    for (selector, told) in [
        ("", "column 1: expected the name of a label or a fact, `not` or `(`, and the selector ends"),
        ("role=", "column 6: expected a value, and the selector ends"),
        ("role=web os=linux", "column 10: expected `and`, `or`, or the end, found `os`"),
        ("web 1", "column 5: expected a sign such as `=`, `and`, `or`, or the end, found `1`"),
        ("role=web and", "column 13: expected the name of a label or a fact, `not` or `(`, and the selector ends"),
        ("(role=web", "column 10: expected `and`, `or` or `)`, and the selector ends"),
        ("role=web)", "column 9: expected `and`, `or`, or the end, found `)`"),
        ("role in web", "column 9: expected `(`, found `web`"),
        ("role in (web", "column 13: expected `,` or `)`, and the selector ends"),
        ("role in ()", "column 10: expected a value, found `)`"),
        ("role not web", "column 10: expected `in`, found `web`"),
        ("rolé=web", "column 1: expected the name of a label or a fact, `not` or `(`; `rolé` is none, with `é` in it"),
        ("grün=ä and \"x\"", "column 1: expected the name of a label or a fact, `not` or `(`; `grün` is none, with `ü` in it"),
        ("role=grün and \"x\"", "column 15: expected the name of a label or a fact, `not` or `(`, found \"x\""),
        ("role==web", "column 5: write a single `=`"),
        ("role=~web", "column 5: write `~` alone"),
        ("role!~web", "column 5: write `not` before the key, and `~` alone"),
        ("!role", "column 1: write `not`"),
        ("a && b", "column 3: write `and`"),
        ("a || b", "column 3: write `or`"),
        ("role='web'", "column 6: write double quotes"),
        ("role=\"web", "column 6: the quote that is opened here is not closed"),
        ("role=\"a\\n\"", "column 8: after a backslash stands `\"` or another backslash"),
        ("role=a{b}", "column 7: a value with `{` in it has to stand in double quotes"),
        ("role=\"a\tb\"", "column 8: no label and no fact holds a control character"),
        ("name=web-*", "column 6: `*` stands for any characters after `~` alone; write `~web-*`, or double quotes"),
        ("role=and", "column 6: expected a value; `and` is one in double quotes alone"),
        ("cpus>many", "column 6: expected a number, as 4 or 5.10, found `many`"),
        ("name>3", "column 5: a name is no number; test it with `=`, `!=`, `in` or `~`"),
        ("online=yes", "column 7: `online` stands alone, or is `true` or `false`"),
        ("label.=x", "column 1: expected a name after `label.`"),
        ("role=web,os=linux", "column 9: expected `and`, `or`, or the end, found `,`"),
        ("device:web-1", "column 1: expected the name of a label or a fact, `not` or `(`; `device:web-1` is none, with `:` in it"),
    ] {
        assert_eq!(wrong(selector), told, "{selector}");
    }
    assert_eq!(wrong("name and x"), "column 6: every device has a name; test it with `=`, `!=`, `in` or `~`");
    assert_eq!(wrong("name"), "column 5: every device has a name; test it with `=`, `!=`, `in` or `~`");
}

#[test]
fn length_and_depth_have_an_end() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Selector::parse(&nested(SELECTOR_DEPTH_MAX)).is_ok());
    assert!(wrong(&nested(SELECTOR_DEPTH_MAX + 1)).contains("at most 32 parentheses"));
    assert!(wrong(&format!("{}a", "not ".repeat(SELECTOR_DEPTH_MAX + 1))).contains("at most 32 parentheses"));
    let long = |len: usize| format!("a={}", "x".repeat(len - 2));
    assert!(Selector::parse(&long(SELECTOR_LEN_MAX)).is_ok());
    assert_eq!(wrong(&long(SELECTOR_LEN_MAX + 1)), "column 1: a selector has at most 2000 bytes");
    // It would be longer with a space after each comma.
    let list = format!("a in({})", vec!["x"; SELECTOR_LEN_MAX / 2 - 5].join(","));
    assert!(list.len() < SELECTOR_LEN_MAX && wrong(&list).contains("2000 bytes"), "{}", list.len());
}

#[test]
fn there_is_one_normal_form() {
    for (written, normal) in [
        ("role=\"web\"  and(os != alpine)", "role=web and os!=alpine"),
        ("((a and (b and c)))", "a and b and c"),
        ("(a and b) or (c)", "a and b or c"),
        ("a and(b or c)", "a and (b or c)"),
        ("not(a)", "not a"),
        ("not (a and b)", "not (a and b)"),
        ("a in(b,\"c d\",\"in\")", "a in (b, \"c d\", \"in\")"),
        ("a not   in (b)", "a not in (b)"),
        ("a~\"x*\"", "a~x*"),
        ("a~\"x *\"", "a~\"x *\""),
        ("a < 5.10", "a<5.10"),
        ("label.a=\"*\" or fact.in", "label.a=\"*\" or fact.in"),
    ] {
        assert_eq!(Selector::parse(written).unwrap().to_string(), normal);
    }
}

#[test]
fn several_are_joined_by_or() {
    let read = |text: &str| Selector::parse(text).unwrap();
    let joined = Selector::any([read("a or b"), Selector::name("web 1"), Selector::group("eu"), read("c and d")]).unwrap();
    assert_eq!(joined.to_string(), "a or b or name=\"web 1\" or group=eu or c and d");
    assert_eq!(Selector::any([]), None);
    assert!(read("not a").asks_facts() && !read("label.a and name=x").asks_facts());
}

#[test]
fn a_group_that_no_test_speaks_of_does_not_matter() {
    let asks = |selector: &str, group: &str| Selector::parse(selector).unwrap().asks_group(group);
    for selector in ["group=eu", "not group!=eu", "a or group in (us, eu)", "group not in (eu)", "group~e*", "group"] {
        assert!(asks(selector, "eu"), "{selector}");
    }
    for selector in ["group=us", "group!=us", "group not in (us)", "group~u*", "label.group=eu", "name=eu", "online"] {
        assert!(!asks(selector, "eu"), "{selector}");
    }
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9.:/_-]{1,8}", "[^\\p{Cc}]{0,8}".prop_map(|text| text), Just("and".to_owned()), Just("a*b".to_owned())]
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9._/-]{0,6}", "(label|fact)\\.[A-Za-z0-9./_-]{1,6}", Just("group".to_owned())]
        .prop_filter("a keyword is no key", |key| !["and", "or", "not", "in", "name", "online", "label.", "fact."].contains(&key.as_str()))
}

fn test() -> impl Strategy<Value = String> {
    let list = proptest::collection::vec(value().prop_map(|value| quote(&value)), 1..4).prop_map(|values| values.join(" ,"));
    let of_values = prop_oneof![
        (prop_oneof![Just("="), Just(" !="), Just("~ ")], value()).prop_map(|(sign, value)| format!("{sign}{}", quote(&value))),
        (prop_oneof![Just(" in"), Just(" not in ")], list).prop_map(|(sign, list)| format!("{sign}({list})")),
        Just(String::new()),
    ];
    let compared = (prop_oneof![Just("<"), Just("<="), Just(" >"), Just(">= ")], "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}");
    let compared = ("x[a-z]{0,3}", compared).prop_map(|(key, (sign, number))| format!("{key}{sign}{number}"));
    prop_oneof![4 => (key(), of_values).prop_map(|(key, rest)| format!("{key}{rest}")), 1 => compared]
}

fn selector() -> impl Strategy<Value = String> {
    test().prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            (proptest::collection::vec(inner.clone(), 2..4), prop_oneof![Just(" and "), Just(" or ")])
                .prop_map(|(parts, word)| format!("({})", parts.join(word))),
            inner.clone().prop_map(|inner| format!("not {inner}")),
            inner.prop_map(|inner| format!("( {inner})")),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(text in selector()) {
        prop_assume!(text.len() < SELECTOR_LEN_MAX / 2);
        let read = Selector::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let normal = read.to_string();
        let again = Selector::parse(&normal);
        prop_assert_eq!(&again, &Ok(read), "{} became {}", text, normal);
        prop_assert_eq!(again.unwrap().to_string(), normal);
    }

    #[test]
    fn not_turns_everything_around(text in selector(), role in "[a-z]{0,2}") {
        prop_assume!(text.len() < SELECTOR_LEN_MAX / 2);
        let labels = Labels::from([("a".to_owned(), role.clone()), ("x".to_owned(), "5.1".to_owned())]);
        let facts = Labels::from([("b".to_owned(), role.clone())]);
        let subject = Subject { name: &role, labels: &labels, facts: &facts, groups: &[&role], online: false };
        let yes = Selector::parse(&text).unwrap();
        let no = Selector::parse(&format!("not ({text})")).unwrap();
        prop_assert_ne!(yes.matches(&subject), no.matches(&subject), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_column_in_it(text in "[ a-z=!<>~()\",*\\\\.-]{0,24}") {
        if let Err(error) = Selector::parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}: {}", text, error);
        }
    }
}
