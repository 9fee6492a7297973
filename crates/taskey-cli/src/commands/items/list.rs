//! `taskey items ls`.

use clap::{Args, ValueEnum};
use taskey_client::{ItemFilter, ItemOrder};

#[derive(Debug, Args)]
pub struct LsArgs {
    /// Those that are open; so it is without any of these.
    #[arg(long, group = "which")]
    open: bool,
    /// Those that are over.
    #[arg(long, group = "which")]
    closed: bool,
    /// Open ones and those that are over.
    #[arg(long, group = "which")]
    all: bool,
    /// Those in this state, such as resolved or one that their type has.
    #[arg(long, group = "which", value_name = "STATE")]
    state: Option<String>,
    /// Only those of this type, by id or name.
    #[arg(long = "type", value_name = "TYPE")]
    item_type: Option<String>,
    /// Only those that are yours.
    #[arg(long, conflicts_with = "assignee")]
    mine: bool,
    /// Only those of this user: id or user name, or nobody.
    #[arg(long, value_name = "USER")]
    assignee: Option<String>,
    /// Only those of this queue.
    #[arg(long, value_enum, value_name = "QUEUE")]
    queue: Option<Queue>,
    /// Only those whose fields are so, as in 'amount>100 and order=A1'; quick where the value of an indexed field is named.
    #[arg(long = "where", value_name = "EXPR", requires = "item_type")]
    tests: Option<String>,
    /// Only those with these words, or beginnings of words, in title, fields, external id or comments.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only the one that your application calls so.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Which come first.
    #[arg(long, value_enum, default_value_t, value_name = "ORDER")]
    order: Order,
    /// Show no more than this many.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Queue {
    /// Open, and neither snoozed nor somebody else's.
    NeedsMe,
    Mine,
    Unassigned,
    Overdue,
    Snoozed,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Order {
    #[default]
    Newest,
    Oldest,
    /// What is due first.
    Due,
}

impl LsArgs {
    pub fn filter(&self) -> ItemFilter {
        let queue = self.queue.map(|queue| match queue {
            Queue::NeedsMe => "needs_me",
            Queue::Mine => "mine",
            Queue::Unassigned => "unassigned",
            Queue::Overdue => "overdue",
            Queue::Snoozed => "snoozed",
        });
        ItemFilter {
            item_type: self.item_type.clone(),
            state: Some(self.state().to_owned()),
            queue: queue.map(str::to_owned),
            assignee: if self.mine { Some("me".to_owned()) } else { self.assignee.clone() },
            external_id: self.external_id.clone(),
            tests: self.tests.clone(),
            text: self.search.clone(),
            order: match self.order {
                Order::Newest => ItemOrder::Newest,
                Order::Oldest => ItemOrder::Oldest,
                Order::Due => ItemOrder::Due,
            },
        }
    }

    fn state(&self) -> &str {
        match &self.state {
            Some(state) => state,
            None if self.closed => "closed",
            None if self.all => "all",
            None => "open",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::commands::items::ItemsCommand;

    fn typed(arguments: &[&str]) -> Result<ItemFilter, clap::Error> {
        let cli = Cli::try_parse_from([&["taskey", "items", "ls"], arguments].concat())?;
        let Command::Items(ItemsCommand::Ls(args)) = cli.command else { panic!("not a list") };
        Ok(args.filter())
    }

    #[test]
    fn open_items_are_listed_unless_others_are_asked_for() {
        for (arguments, state) in
            [(&[][..], "open"), (&["--open"], "open"), (&["--closed"], "closed"), (&["--all"], "all"), (&["--state", "asked"], "asked")]
        {
            assert_eq!(typed(arguments).unwrap().state.as_deref(), Some(state), "{arguments:?}");
        }
        assert!(typed(&["--open", "--closed"]).is_err());
    }

    #[test]
    fn queues_people_and_fields_are_passed_on() {
        let filter = typed(&["--mine", "--queue", "overdue", "--type", "refund", "--where", "amount>100", "--search", "broken"]).unwrap();
        assert_eq!((filter.assignee.as_deref(), filter.queue.as_deref()), (Some("me"), Some("overdue")));
        assert_eq!((filter.tests.as_deref(), filter.text.as_deref()), (Some("amount>100"), Some("broken")));
        assert_eq!(typed(&["--queue", "needs_me"]).unwrap().queue.as_deref(), Some("needs_me"));
        assert!(typed(&["--where", "amount>100"]).unwrap_err().to_string().contains("--type"), "fields are those of a type");
        assert!(typed(&["--mine", "--assignee", "bob"]).is_err());
    }
}
