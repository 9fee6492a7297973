//! The lines in which two short texts differ.

/// `-` lines of the old text, `+` lines of the new one, and the lines around them. Empty when the texts are equal.
pub fn line_diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let lines = edits(&old, &new);
    let changed: Vec<usize> = lines.iter().enumerate().filter(|(_, (mark, _))| *mark != ' ').map(|(index, _)| index).collect();
    let mut text = String::new();
    let mut last_shown = None;
    for (index, (mark, line)) in lines.iter().enumerate() {
        if !changed.iter().any(|change| change.abs_diff(index) <= CONTEXT_LINES) {
            continue;
        }
        if last_shown.is_some_and(|last| last + 1 != index) {
            text.push_str("  ...\n");
        }
        last_shown = Some(index);
        text.push_str(format!("{mark} {line}").trim_end());
        text.push('\n');
    }
    text
}

const CONTEXT_LINES: usize = 2;
/// Above this many pairs of lines the shortest difference is not looked for.
const PAIRS_MAX: usize = 4_000_000;

/// Every line of both texts once: common ones, removed ones, added ones.
fn edits<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut lines: Vec<(char, &str)> = old[..head].iter().map(|line| (' ', *line)).collect();
    lines.extend(middle(old_middle, new_middle));
    lines.extend(old[old.len() - tail..].iter().map(|line| (' ', *line)));
    lines
}

fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    if old.len().saturating_mul(new.len()) > PAIRS_MAX {
        let removed = old.iter().map(|line| ('-', *line));
        return removed.chain(new.iter().map(|line| ('+', *line))).collect();
    }
    let common = common_lengths(old, new);
    let (mut at_old, mut at_new, mut lines) = (0, 0, Vec::new());
    while at_old < old.len() || at_new < new.len() {
        if at_old < old.len() && at_new < new.len() && old[at_old] == new[at_new] {
            lines.push((' ', old[at_old]));
            (at_old, at_new) = (at_old + 1, at_new + 1);
        } else if at_new == new.len() || (at_old < old.len() && common[at_old + 1][at_new] >= common[at_old][at_new + 1]) {
            lines.push(('-', old[at_old]));
            at_old += 1;
        } else {
            lines.push(('+', new[at_new]));
            at_new += 1;
        }
    }
    lines
}

/// `[i][j]`: how many lines `old[i..]` and `new[j..]` have in common, in order.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<u32>> {
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_differ_in_nothing() {
        assert_eq!(line_diff("a\nb\n", "a\nb\n"), "");
    }

    #[test]
    fn a_changed_line_stands_between_its_neighbours() {
        let old = "1\n2\n3\n4\n5\n6\n7\n";
        assert_eq!(line_diff(old, "1\n2\n3\nfour\n5\n6\n7\n"), "  2\n  3\n- 4\n+ four\n  5\n  6\n");
    }

    #[test]
    fn changes_far_apart_are_shown_apart() {
        let old = "a\n1\n2\n3\n4\n5\n6\nb\n";
        assert_eq!(line_diff(old, "A\n1\n2\n3\n4\n5\n6\nb\nc\n"), "- a\n+ A\n  1\n  2\n  ...\n  6\n  b\n+ c\n");
    }

    #[test]
    fn a_new_text_is_all_added_and_a_gone_one_all_removed() {
        assert_eq!(line_diff("", "a\nb\n"), "+ a\n+ b\n");
        assert_eq!(line_diff("a\n", ""), "- a\n");
    }
}
