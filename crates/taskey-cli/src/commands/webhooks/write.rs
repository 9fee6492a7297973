//! What makes and changes a webhook.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use taskey_cli::places::Places;
use taskey_cli::webhook_file;
use taskey_client::{Client, Tagged};
use taskey_proto::webhooks::{BodyKind, EVENTS, Signing, Webhook, WebhookSpec};

use super::show;
use crate::cli::Global;
use crate::failure::Failure;
use crate::given_file::GivenFile;
use crate::output::Output;
use crate::session;

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Where deliveries are posted to.
    #[arg(long, value_name = "URL", required_unless_present = "file")]
    url: Option<String>,
    /// Without it, the host of its address.
    #[arg(long)]
    name: Option<String>,
    /// Only items of this type, by id or name; may be repeated. Without any: all of them.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only this; may be repeated. Without any: everything.
    #[arg(long = "event", value_name = "EVENT", value_parser = PossibleValuesParser::new(EVENTS))]
    events: Vec<String>,
    /// Only items whose fields are so, as in 'amount>100 and country=DE'.
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    /// The whole item, or ids, states and numbers alone.
    #[arg(long, value_enum, default_value_t, value_name = "BODY")]
    body: Body,
    /// With a secret that both sides hold, or with a key of which the receiver holds the public half.
    #[arg(long, value_enum, default_value_t, value_name = "SIGNING")]
    signing: Signed,
    /// YAML or JSON with all that a webhook can do; `-` reads stdin.
    #[arg(
        short = 'f',
        long = "file",
        value_name = "FILE",
        conflicts_with_all = ["url", "name", "types", "events", "filter", "body", "signing"]
    )]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct EditArgs {
    /// Id or name.
    webhook: String,
    /// YAML or JSON; `-` reads stdin. Without a `name` in it, it keeps its name.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Body {
    #[default]
    Full,
    Thin,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Signed {
    #[default]
    Hmac,
    Ed25519,
}

/// Whether a webhook is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
}

pub async fn create(global: &Global, args: CreateArgs, output: Output) -> Result<(), Failure> {
    let Some(path) = &args.file else {
        return show(&session::client(global)?.create_webhook(&spec_of(args)).await?, output);
    };
    let (spec, places) = read(path)?;
    let client = session::client(global)?;
    let webhook = client.create_webhook(&spec).await.map_err(|error| Failure::from(error).located(&places, 0))?;
    show(&webhook, output)
}

pub async fn edit(global: &Global, args: EditArgs, output: Output) -> Result<(), Failure> {
    let (mut spec, places) = read(&args.file)?;
    let client = session::client(global)?;
    let before = client.show_webhook(&args.webhook).await?;
    // The default is the address's host, and nobody renames a webhook by not naming it.
    spec.name.get_or_insert_with(|| before.value.name.clone());
    let webhook = replace(&client, &before, &spec).await.map_err(|failure| failure.located(&places, 0))?;
    show(&webhook, output)
}

pub async fn switch(global: &Global, webhook: &str, to: Switch, output: Output) -> Result<(), Failure> {
    let client = session::client(global)?;
    let before = client.show_webhook(webhook).await?;
    let spec = WebhookSpec { disabled: to == Switch::Off, ..before.value.spec.clone() };
    show(&replace(&client, &before, &spec).await?, output)
}

async fn replace(client: &Client, before: &Tagged<Webhook>, spec: &WebhookSpec) -> Result<Webhook, Failure> {
    let etag = before.etag.as_deref().ok_or_else(|| Failure::usage("the server did not say which version this is (no ETag)"))?;
    Ok(client.replace_webhook(&before.value.id.to_string(), spec, etag).await?)
}

/// The webhook of a file, with where everything stands in it.
fn read(path: &Path) -> Result<(WebhookSpec, Places), Failure> {
    let file = GivenFile::read(path)?;
    let spec = webhook_file::parse(&file.text, file.is_json).map_err(|fault| file.wrong(fault))?;
    let spec = spec.ok_or_else(|| Failure::usage(format!("{}: a file holds one webhook", file.place)))?;
    Ok((spec, Places::of(&file.text)))
}

fn spec_of(args: CreateArgs) -> WebhookSpec {
    WebhookSpec {
        name: args.name,
        url: args.url,
        types: args.types,
        events: args.events,
        filter: args.filter,
        body: match args.body {
            Body::Full => BodyKind::Full,
            Body::Thin => BodyKind::Thin,
        },
        template: None,
        signing: match args.signing {
            Signed::Hmac => Signing::Hmac,
            Signed::Ed25519 => Signing::Ed25519,
        },
        inbound: None,
        disabled: false,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::commands::webhooks::WebhooksCommand;

    fn typed(arguments: &[&str]) -> Result<CreateArgs, clap::Error> {
        let cli = Cli::try_parse_from([&["taskey", "webhooks", "create"], arguments].concat())?;
        let Command::Webhooks(WebhooksCommand::Create(args)) = cli.command else { panic!("not a webhook") };
        Ok(args)
    }

    #[test]
    fn a_webhook_is_told_everything_unless_less_is_asked_for() {
        let spec = spec_of(typed(&["--url", "https://a.example/"]).unwrap());
        assert_eq!((spec.types.len(), spec.events.len(), spec.body, spec.signing), (0, 0, BodyKind::Full, Signing::Hmac));
        let url =
            ["--url", "https://a.example/", "--type", "refund", "--type", "dispute", "--event", "item.resolved", "--signing", "ed25519"];
        let spec = spec_of(typed(&url).unwrap());
        assert_eq!(
            (spec.types.join(" "), spec.events.join(" "), spec.signing),
            ("refund dispute".into(), "item.resolved".into(), Signing::Ed25519)
        );
    }

    #[test]
    fn an_event_that_does_not_exist_and_a_webhook_from_nowhere_are_refused() {
        let error = typed(&["--url", "https://a.example/", "--event", "item.done"]).unwrap_err().to_string();
        assert!(error.contains("item.resolved"), "{error}");
        assert!(typed(&[]).unwrap_err().to_string().contains("--url"));
        assert!(typed(&["-f", "a.yaml", "--url", "https://a.example/"]).is_err());
        assert!(typed(&["-f", "a.yaml"]).is_ok());
    }
}
