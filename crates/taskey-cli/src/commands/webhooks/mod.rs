//! `taskey webhooks`: where applications are told what happens to items, and what became of each message.

mod tables;
mod write;

use clap::{Subcommand, ValueEnum};
use taskey_proto::id::DeliveryId;
use taskey_proto::webhooks::{DeliveryState, RecoverDeliveries, RotateWebhookKey, Webhook};
use taskey_proto::{Span, Time};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// Make a webhook; its secret is shown this once.
    #[command(
        after_help = "Examples: taskey webhooks create --url https://shop.example/hooks --type refund --event item.resolved -o json\n          \
        taskey webhooks create -f webhook.yaml -o json"
    )]
    Create(write::CreateArgs),
    /// List webhooks.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one webhook: what it is told of, its keys, and how its deliveries go.
    Show {
        /// Id or name.
        webhook: String,
    },
    /// Replace what a webhook is told of by what a file says; its keys stay.
    Edit(write::EditArgs),
    /// Let a webhook be told again, also one that was given up. What happened meanwhile is delivered by `recover`.
    Enable {
        /// Id or name.
        webhook: String,
    },
    /// Tell a webhook nothing until it is enabled.
    Disable {
        /// Id or name.
        webhook: String,
    },
    /// Make the next secret, shown this once; the one before signs too for a while.
    #[command(after_help = "Example: taskey webhooks rotate shop --overlap 24h -o json")]
    Rotate {
        /// Id or name.
        webhook: String,
        /// How long the secret before signs too; without it, 24h.
        #[arg(long, value_name = "SPAN")]
        overlap: Option<Span>,
        /// Take the key that an application has already for what it posts to this webhook: whsec_…, or its public key whpk_…, from stdin
        /// or typed.
        #[arg(long)]
        import: bool,
    },
    /// Remove a webhook; what waits for it is not delivered.
    Rm {
        /// Id or name.
        webhook: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// List the deliveries of a webhook, newest first.
    #[command(after_help = "Example: taskey webhooks deliveries shop --state failed")]
    Deliveries {
        /// Id or name.
        webhook: String,
        /// Only those in this state.
        #[arg(long, value_enum, value_name = "STATE")]
        state: Option<State>,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one delivery: its tries with the answers, and its body.
    Delivery {
        /// Id or name.
        webhook: String,
        delivery: DeliveryId,
    },
    /// Send one delivery once more, under its id.
    Resend {
        /// Id or name.
        webhook: String,
        delivery: DeliveryId,
    },
    /// Deliver what happened in a time and did not arrive.
    #[command(after_help = "Example: taskey webhooks recover shop --since 2030-01-31T09:30:00Z")]
    Recover {
        /// Id or name.
        webhook: String,
        /// From when, as in 2030-01-31T09:30:00Z.
        #[arg(long, value_name = "TIME")]
        since: Time,
        /// Until when; without it, until now.
        #[arg(long, value_name = "TIME")]
        until: Option<Time>,
        /// Also what did arrive.
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum State {
    Waiting,
    Delivered,
    Failed,
    Dropped,
}

pub async fn run(global: &Global, command: WebhooksCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        WebhooksCommand::Create(args) => write::create(global, args, output).await?,
        WebhooksCommand::Edit(args) => write::edit(global, args, output).await?,
        WebhooksCommand::Enable { webhook } => write::switch(global, &webhook, write::Switch::On, output).await?,
        WebhooksCommand::Disable { webhook } => write::switch(global, &webhook, write::Switch::Off, output).await?,
        WebhooksCommand::Ls { limit } => {
            let page = session::client(global)?.list_webhooks(limit).await?;
            if page.items.is_empty() && output.is_table() {
                output::note("no webhooks; `taskey webhooks create --url URL` makes one");
            } else {
                output.list(&page, |webhook| webhook.name.clone(), tables::webhooks)?;
            }
        }
        WebhooksCommand::Show { webhook } => show(&session::client(global)?.show_webhook(&webhook).await?.value, output)?,
        WebhooksCommand::Rotate { webhook, overlap, import } => {
            let client = session::client(global)?;
            let secret = if import { Some(secrets::webhook_key().await?) } else { None };
            show(&client.rotate_webhook_key(&webhook, &RotateWebhookKey { overlap, secret }).await?, output)?;
        }
        WebhooksCommand::Rm { webhook, yes } => {
            let client = session::client(global)?;
            secrets::confirm(&format!("Remove the webhook {webhook}?"), yes).await?;
            client.remove_webhook(&webhook).await?;
        }
        WebhooksCommand::Deliveries { webhook, state, limit } => {
            let page = session::client(global)?.list_deliveries(&webhook, state.map(State::meant), limit).await?;
            output.list(&page, |delivery| delivery.id.to_string(), tables::deliveries)?;
        }
        WebhooksCommand::Delivery { webhook, delivery } => {
            let delivery = session::client(global)?.show_delivery(&webhook, delivery).await?;
            output.thing(&delivery, &delivery.id.to_string(), || tables::delivery(&delivery))?;
        }
        WebhooksCommand::Resend { webhook, delivery } => {
            let delivery = session::client(global)?.resend_delivery(&webhook, delivery).await?;
            output.thing(&delivery, &delivery.id.to_string(), || tables::delivery(&delivery))?;
        }
        WebhooksCommand::Recover { webhook, since, until, all } => {
            let recovered = session::client(global)?.recover_deliveries(&webhook, &RecoverDeliveries { since, until, all }).await?;
            output.thing(&recovered, &recovered.delivery_count.to_string(), || tables::recovered(&recovered))?;
        }
    }
    Ok(Exit::Done)
}

fn show(webhook: &Webhook, output: Output) -> Result<(), Failure> {
    output.thing(webhook, &webhook.name, || tables::webhook(webhook))
}

impl State {
    const fn meant(self) -> DeliveryState {
        match self {
            State::Waiting => DeliveryState::Waiting,
            State::Delivered => DeliveryState::Delivered,
            State::Failed => DeliveryState::Failed,
            State::Dropped => DeliveryState::Dropped,
        }
    }
}
