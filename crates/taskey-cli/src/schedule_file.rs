//! Schedule files: YAML or JSON, one schedule or several divided by `---`.

use serde::de::IgnoredAny;
use taskey_proto::schedules::ScheduleSpec;

use crate::definitions::{self, Fault};
use crate::places::blamed_field;

/// Reads the schedules of a file; `is_json` where its name says so.
pub fn parse(text: &str, is_json: bool) -> Result<Vec<ScheduleSpec>, Fault> {
    definitions::parse(text, is_json, |text, fault| unquoted(text).or_else(|| blamed_field::<ScheduleSpec>(text)).unwrap_or(fault))
}

/// A cron expression that begins with a sign that means something else in YAML, in a file that cannot be read for it.
fn unquoted(text: &str) -> Option<Fault> {
    if serde_saphyr::from_multiple::<IgnoredAny>(text).is_ok() {
        return None;
    }
    text.lines().enumerate().find_map(|(index, line)| {
        let value = line.trim_start_matches([' ', '-']).strip_prefix("cron:")?.trim();
        let expression = value.split(" #").next().unwrap_or(value).trim_end();
        let text = format!("cron: put it in quotes, as in cron: \"{expression}\"");
        let column = (line.len() - line.trim_start_matches([' ', '-']).len() + 1) as u64;
        value.starts_with(['*', '@']).then_some(Fault { line: index as u64 + 1, column, text })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "name: nightly\ntask: hello\ntargets: {devices: [web-1]}\n";

    fn fault_of(rest: &str) -> Fault {
        parse(&format!("{HEAD}{rest}"), false).unwrap_err()
    }

    #[test]
    fn a_file_may_hold_several_schedules_in_yaml_or_one_in_json() {
        let two = format!("{HEAD}cron: 30 2 * * *\n---\n{HEAD}every: 10s\n");
        assert_eq!(parse(&two, false).unwrap().len(), 2);
        let json = r#"{"name": "nightly", "task": "hello", "at": "2030-01-01T00:00:00Z", "targets": {"groups": ["eu"]}}"#;
        for is_json in [true, false] {
            assert_eq!(parse(json, is_json).unwrap()[0].targets.groups, ["eu"]);
        }
    }

    #[test]
    fn all_of_a_schedule_is_read_as_the_guide_writes_it() {
        let text = format!(
            "{HEAD}timezone: Europe/Berlin\nwhere: device\nrun_once: false\nmissed: {{all: {{max: 10, age: 2h}}}}\noverlap: {{queue: 3}}\n\
             when_offline: queue\nsplay: 10m\nwindows: [{{days: [mon, fri], from: \"22:00\", until: \"04:00\"}}]\non_block: defer\n\
             when:\n  - cron: \"*/5 * * * *\"\n  - {{boot: true}}\n"
        );
        let spec = &parse(&text, false).unwrap()[0];
        assert_eq!((spec.rules().len(), spec.windows.len()), (2, 1));
    }

    #[test]
    fn a_wrong_field_is_told_by_line_and_key() {
        for (rest, line, text) in [
            ("every: soon\n", 4, "every: not a length of time"),
            ("every: 10s\nmissd: skip\n", 5, "missd: there is no such field"),
            ("every: 10s\nwhere: moon\n", 5, "where: unknown variant `moon`"),
            ("every: 10s\nmissed: {all: {max: many, age: 2h}}\n", 5, "missed/all/max: invalid type"),
            ("when:\n  - every: 10s\n  - at: tomorrow\n", 6, "when/1/at: not a time"),
            ("every: 10s\n---\nname: b\ntask: c\ntargets: {devices: a}\nevery: 1s\n", 8, "targets/devices: invalid type"),
        ] {
            let fault = fault_of(rest);
            assert!(fault.line == line && fault.text.starts_with(text), "{rest}: {fault:?}");
        }
        let fault = parse("name: a\ntargets: {}\nevery: 1s\n", false).unwrap_err();
        assert!(fault.line == 1 && fault.text == "task: this field is needed", "{fault:?}");
    }

    #[test]
    fn an_expression_that_needs_quotes_is_told_so() {
        for (rest, quoted) in [
            ("cron: */5 * * * *   # often\n", "\"*/5 * * * *\""),
            ("cron: * * * * *\n", "\"* * * * *\""),
            ("cron: @daily\n", "\"@daily\""),
            ("when:\n  - cron: @hourly\n", "\"@hourly\""),
        ] {
            let fault = fault_of(rest);
            let line = if rest.starts_with("when") { 5 } else { 4 };
            assert!(fault.line == line && fault.text == format!("cron: put it in quotes, as in cron: {quoted}"), "{fault:?}");
        }
        assert_eq!(fault_of("cron: \"*/5 * * * *\"\nwindows: [x\n").line, 5);
    }

    #[test]
    fn a_json_file_is_told_by_line_and_key_too() {
        let fault = parse("{\n \"name\": \"a\", \"task\": \"b\", \"targets\": {},\n \"every\": \"soon\"\n}", true).unwrap_err();
        assert!(fault.line == 3 && fault.text.starts_with("every: "), "{fault:?}");
    }
}
