//! Aligned columns for people.

use crate::terminal;

/// Says with a colour what a word says anyway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
    Busy,
    Faint,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Busy => "36",
            Tone::Faint => "2",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: terminal::one_line(&text.into()), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::toned(text, Tone::Plain)
    }
}

/// Rows under a heading, or with an empty heading names and their values.
#[derive(Debug)]
pub struct Table {
    heading: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
    next: Option<Box<Table>>,
}

const GAP: &str = "  ";

impl Table {
    pub fn new(heading: &'static [&'static str]) -> Self {
        Self { heading, rows: Vec::new(), next: None }
    }

    /// Names on the left, values on the right.
    pub fn of_fields() -> Self {
        Self::new(&[])
    }

    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    /// One line of a table of fields.
    pub fn field(&mut self, name: &str, value: impl Into<Cell>) {
        self.row([Cell::toned(name, Tone::Faint), value.into()]);
    }

    /// One line of a table of fields, left out where there is no value.
    pub fn field_if(&mut self, name: &str, value: Option<impl Into<Cell>>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    /// The same with another table below it.
    pub fn then(mut self, next: Table) -> Self {
        self.next = Some(Box::new(next));
        self
    }

    pub fn render(&self, colour: bool) -> String {
        let below = self.next.as_ref().map(|next| format!("\n{}", next.render(colour)));
        self.render_alone(colour) + below.as_deref().unwrap_or_default()
    }

    fn render_alone(&self, colour: bool) -> String {
        let heading: Vec<Cell> = self.heading.iter().map(|name| Cell::toned(*name, Tone::Faint)).collect();
        let lines: Vec<&Vec<Cell>> = Some(&heading).filter(|cells| !cells.is_empty()).into_iter().chain(&self.rows).collect();
        let columns = lines.iter().map(|cells| cells.len()).max().unwrap_or(0);
        let width = |column: usize| lines.iter().filter_map(|cells| cells.get(column)).map(|cell| cell.text.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        lines.iter().map(|cells| render_line(cells, &widths, colour)).collect()
    }
}

fn render_line(cells: &[Cell], widths: &[usize], colour: bool) -> String {
    let mut line = String::new();
    for (index, cell) in cells.iter().enumerate() {
        let last = index + 1 == cells.len();
        match cell.tone {
            tone if colour && tone != Tone::Plain => line.push_str(&format!("\x1b[{}m{}\x1b[0m", tone.code(), cell.text)),
            _ => line.push_str(&cell.text),
        }
        if !last {
            line.push_str(&" ".repeat(widths[index].saturating_sub(cell.text.chars().count())));
            line.push_str(GAP);
        }
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_no_line_ends_in_blanks() {
        let mut table = Table::new(&["NAME", "STATE", "LABELS"]);
        table.row(["m\u{fc}nchen".into(), Cell::toned("online", Tone::Good), "".into()]);
        table.row(["a".into(), Cell::toned("offline", Tone::Bad), "role=web".into()]);
        assert_eq!(table.render(false), "NAME     STATE    LABELS\nm\u{fc}nchen  online\na        offline  role=web\n");
    }

    #[test]
    fn colour_does_not_move_the_columns() {
        let mut table = Table::new(&["A", "B"]);
        table.row([Cell::toned("x", Tone::Good), "y".into()]);
        let coloured = table.render(true);
        assert!(coloured.contains("\x1b[32mx\x1b[0m  y"), "{coloured:?}");
    }

    #[test]
    fn what_a_device_says_cannot_drive_the_terminal_from_a_cell() {
        let mut table = Table::of_fields();
        table.field("name", "a\x1b[2J\nb");
        assert_eq!(table.render(false), "name  a\u{241b}[2J b\n");
    }

    #[test]
    fn a_field_without_a_value_is_left_out() {
        let mut table = Table::of_fields();
        table.field("id", "1");
        table.field_if("reason", None::<String>);
        assert_eq!(table.render(false), "id  1\n");
    }
}
