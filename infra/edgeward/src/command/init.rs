//! `edgeward init`: reads a user pool and an app client that exist, says what will not work with them, and writes the file that
//! describes an edge in front of them. Until the end nothing is written but what was asked for at Cognito.

mod client;
mod document;
mod questions;

use std::{fs, io::Write as _};

use anyhow::{Context as _, Result, bail};
use edgeward_core::{Config, secret::Secret};
use edgeward_identity::names::edge::{COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET, KEYS};

use self::{client::Cognito, document::Draft, questions::Questions};
use super::{Described, accepted, check::cognito, client_secret, secret_parameter};
use crate::{
    aws::Aws,
    cli::{Answers, Init},
    date,
    edge::Settings,
    fetch::Fetch,
    generate,
    jwks::PrivateJwks,
    managed_secret,
    parameter::Parameters,
    pool::NewClient,
    project::{Project, SecretStore},
    report::Report,
    store::Store,
};

/// Asks, looks, and writes the file.
pub(crate) async fn run(arguments: &Init, report: &mut Report) -> Result<()> {
    let path = &arguments.config;
    if path.exists() {
        bail!("{} is there already, and is not overwritten: change it by hand and run `edgeward up`", path.display());
    }
    let answers = answers(arguments)?;
    let questions = Questions::new(arguments.yes);
    let cognito = Cognito::choose(&answers, &questions).await?;
    let draft = Draft::ask(&answers, &questions, &cognito)?;
    // The same reading as every command's later.
    let text = draft.text(&cognito.client_id);
    let project = Project::parse(&text, path).context("these answers make no usable file")?;
    let config = accepted(&provisional(&project, cognito.secret.as_ref())?, &project.deployment, report)
        .context("nothing was written: correct the answers")?;

    // What a client that is made now still lacks is made too: the branding style that managed login wants.
    let mends = arguments.fix || cognito.is_new();
    if !cognito.is_new() {
        return write(project, cognito, &text, arguments, mends, &questions, report).await;
    }
    let cognito = create(cognito, &config, &questions, report).await?;
    let text = draft.text(&cognito.client_id);
    let project = Project::parse(&text, path)?;
    let again = format!("the app client is made: run this again with --client {}", cognito.client_id);
    write(project, cognito, &text, arguments, mends, &questions, report).await.context(again)
}

/// Options win over the file with answers.
fn answers(arguments: &Init) -> Result<Answers> {
    let file = match &arguments.answers {
        None => Answers::default(),
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            toml::from_str(&text).with_context(|| path.display().to_string())?
        }
    };
    let given = arguments.given.clone();
    Ok(Answers {
        name: given.name.or(file.name),
        region: given.region.or(file.region),
        user_pool: given.user_pool.or(file.user_pool),
        client: given.client.or(file.client),
        client_secret_file: given.client_secret_file.or(file.client_secret_file),
        domain: given.domain.or(file.domain),
        public_url: given.public_url.or(file.public_url),
        server_url: given.server_url.or(file.server_url),
        platform: given.platform.or(file.platform),
        secrets: given.secrets.or(file.secrets),
        set: [file.set, given.set].concat(),
    })
}

/// The settings with keys and a secret that only stand for the real ones.
fn provisional(project: &Project, secret: Option<&Secret<String>>) -> Result<Settings> {
    let mut settings = Settings::of(&project.settings);
    settings.set(KEYS, &PrivateJwks::of(generate::all(date::now())?).to_text());
    settings.set(COGNITO_CLIENT_SECRET, secret.map_or("to-be-made", |secret| secret.expose().as_str()));
    if settings.get(COGNITO_CLIENT_ID).is_none() {
        settings.set(COGNITO_CLIENT_ID, "to-be-made");
    }
    Ok(settings)
}

/// Makes the app client, once it is shown.
async fn create(chosen: Cognito, config: &Config, questions: &Questions, report: &mut Report) -> Result<Cognito> {
    let scopes: Vec<_> = config.cognito.scopes.to_strings();
    let providers: Vec<_> =
        std::iter::once("COGNITO".to_owned()).chain(chosen.pool()?.provider_names().await?).collect();
    let new = NewClient {
        name: "edgeward",
        callback_url: &cognito::callback_url(config),
        sign_out_urls: &cognito::sign_out_urls(config),
        scopes: &scopes,
        providers: &providers,
        access_token_seconds: config.access_token_seconds.max(LEAST_ACCESS_TOKEN),
        refresh_token_days: if providers.len() > 1 { 7 } else { 30 },
    };
    report.did(format!("the app client that is to be made in {}: {new}", chosen.pool_id));
    if !questions.agrees("Make it?")? {
        bail!("no app client was made, and nothing was written");
    }
    let made = chosen.create(&new).await?;
    report.did(format!("made the app client {}", made.client_id));
    Ok(made)
}

/// The shortest life of an access token that Cognito takes, in seconds.
const LEAST_ACCESS_TOKEN: u64 = 300;

/// Looks at pool and client, stores the secret, and writes the file.
async fn write(
    project: Project,
    cognito: Cognito,
    text: &str,
    arguments: &Init,
    mends: bool,
    questions: &Questions,
    report: &mut Report,
) -> Result<()> {
    let secret = cognito.secret().await?;
    let aws = Aws::connect(project.region.clone()).await?;
    let store = Store::new(&aws, &project.deployment);
    let mut settings = provisional(&project, Some(&secret))?;
    let described = Described { aws, store, edge: Parameters::new(), settings: settings.clone() };
    managed_secret::resolve(&mut settings, &described.aws).await?;
    let config = accepted(&settings, described.deployment(), report)?;
    if described.aws.has_credentials().await {
        fix(&described, &config, mends, questions, report).await?;
    }
    cognito::check(&described, Some(&config), &Fetch::new()?, report).await;
    report.print_notes();
    if report.has_problems() {
        bail!("{} was not written: mend the problems above, with --fix or as each says", arguments.config.display());
    }
    keep_secret(&described.store, &secret, report).await?;
    let path = &arguments.config;
    let file = fs::File::create_new(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    report.did(format!("wrote {}", path.display()));
    report.did("next: `edgeward up` deploys it, and `edgeward up --local` serves it on this machine");
    Ok(())
}

async fn fix(
    described: &Described,
    config: &Config,
    mends: bool,
    questions: &Questions,
    report: &mut Report,
) -> Result<()> {
    let is_wanted = mends
        || (questions.are_asked()
            && cognito::fix::run(described, config, true, report).await?
            && questions.agrees("Do that now?")?);
    if is_wanted {
        cognito::fix::run(described, config, false, report).await?;
    }
    Ok(())
}

/// Stores the app client's secret, unless it is stored.
async fn keep_secret(store: &Store, secret: &Secret<String>, report: &mut Report) -> Result<()> {
    let name = secret_parameter(&store.deployment);
    let stored = store.edge().await?;
    match stored.get("cognito-client-secret") {
        Some(found) if found.text() == secret.expose() => {}
        Some(_) => bail!(
            "{name} holds the secret of another app client: is there another deployment called {}? Choose another --name, \
             or remove that one first",
            store.deployment
        ),
        None => client_secret::store_first(store, secret.expose(), false, report).await?,
    }
    Ok(())
}

/// Where secrets are kept unless it is said: at AWS, if that can be reached.
const fn default_store(has_credentials: bool) -> SecretStore {
    if has_credentials { SecretStore::Ssm } else { SecretStore::File }
}
