//! `scn.toml`: the file that makes a folder a project. `docs/reference/configuration.md` lists every key.

mod every;
mod wrong;

use crate::channel::{Credentials, EmailSettings, SmtpSettings, Timeouts, TlsMode, may_be_webhook};
use crate::diagnostic::{Diagnostic, Level, Levels, RULES, Rule, suggestion};
use crate::model::{Configuration, Currency};
use crate::span::SourceId;
use crate::time::{Duration, Zone};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

use super::mask;
use wrong::{Wrong, WrongValue};

/// The file's name.
pub const FILE: &str = "scn.toml";

/// What `scn.toml` says, with its paths made whole; without such a file, the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub meaning: Configuration,
    pub crm: Option<PathBuf>,
    /// Where the engine keeps its state; beside the CRM when `None`.
    pub state: Option<PathBuf>,
    /// Where messages are written while no server is configured.
    pub outbox: PathBuf,
    pub cache: CacheSetting,
    pub email: Option<Email>,
    /// Webhooks by their names; a call of any other is written as a file.
    pub webhooks: BTreeMap<String, Webhook>,
    pub sample: Option<Sample>,
    /// `[check.levels]`: what the findings of a rule count.
    pub levels: Levels,
    /// `check.pages`: where the pages of the rules are, so that their codes are links.
    pub pages: Option<String>,
}

/// `cache`: whether `scn simulate` keeps a copy of the history that it reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CacheSetting {
    /// Not unless a command says so.
    #[default]
    Off,
    /// In the folder for the caches of the user.
    On,
    /// In this folder.
    In(PathBuf),
}

/// `[channels.email]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    pub from: String,
    pub reply_to: Option<String>,
    /// Without one, messages are written as files.
    pub server: Option<Server>,
}

/// `[channels.email.server]`: a submission server (RFC 6409).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// The user, and where its password is kept: `env:NAME` or `file:PATH`, relative to the project's folder.
    pub login: Option<(String, String)>,
    /// How many connections are open at once.
    pub connections: usize,
}

/// `[webhooks.NAME]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub url: String,
    /// Where the key is kept that signs calls: `env:NAME` or `file:PATH`, relative to the project's folder.
    pub secret: Option<String>,
    /// Certificates (PEM) trusted beside the system's.
    pub authority: Option<PathBuf>,
}

/// How the connection to a server is protected (RFC 8314).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte.
    Implicit,
    /// By STARTTLS, required.
    #[default]
    Starttls,
    /// Not at all: for a server on this machine.
    None,
}

impl Tls {
    /// The port of such servers (RFC 8314, section 3; RFC 5321 for one without protection).
    fn port(self) -> u16 {
        match self {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        }
    }
}

impl Server {
    /// As what sends takes it; `hello` is a domain of ours.
    pub fn smtp(&self, hello: &str, credentials: Option<Credentials>) -> SmtpSettings {
        SmtpSettings {
            host: self.host.clone(),
            port: self.port,
            tls: match self.tls {
                Tls::Implicit => TlsMode::Required,
                Tls::Starttls => TlsMode::StartTls,
                Tls::None => TlsMode::None,
            },
            credentials,
            extra_authorities: None,
            hello: hello.to_owned(),
            timeouts: Timeouts::default(),
            leave: None,
        }
    }
}

/// `[sample]`: what the CRM is built from while it does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub csv: PathBuf,
    /// The mapping in SQL: one file after the other.
    pub with: Vec<PathBuf>,
}

impl Settings {
    /// The defaults, in a project's folder.
    pub fn in_folder(root: &Path) -> Settings {
        Settings {
            meaning: Configuration::default(),
            crm: None,
            state: None,
            outbox: root.join("outbox"),
            cache: CacheSetting::Off,
            email: None,
            webhooks: BTreeMap::new(),
            sample: None,
            levels: Levels::default(),
            pages: None,
        }
    }

    /// Reads the text of `scn.toml`: what it says where it is right, and what is wrong with it. `source` is where its findings
    /// point; that text is to be added to the sources as [`mask::mask`] gives it.
    pub fn read(text: &str, source: SourceId, root: &Path) -> (Settings, Vec<Diagnostic>) {
        every::read(&Wrong { source, text }, root)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    crm: Option<PathBuf>,
    state: Option<PathBuf>,
    currency: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
    expire: Option<Spanned<String>>,
    outbox: Option<PathBuf>,
    cache: Option<YesOrFolder>,
    channels: Option<Channels>,
    #[serde(default)]
    webhooks: BTreeMap<String, WebhookTable>,
    sample: Option<SampleTable>,
    #[serde(default)]
    check: CheckTable,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckTable {
    pages: Option<Spanned<String>>,
    #[serde(default)]
    levels: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Channels {
    email: Option<EmailTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmailTable {
    from: Spanned<String>,
    reply_to: Option<Spanned<String>>,
    server: Option<ServerTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerTable {
    host: Spanned<String>,
    port: Option<u16>,
    #[serde(default)]
    tls: Tls,
    user: Option<Spanned<String>>,
    password: Option<Spanned<String>>,
    connections: Option<Spanned<u16>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookTable {
    url: Spanned<String>,
    secret: Option<Spanned<String>>,
    authority: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleTable {
    csv: PathBuf,
    with: OneOrMany,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "true, false or a path")]
enum YesOrFolder {
    Yes(bool),
    Folder(PathBuf),
}

impl YesOrFolder {
    fn setting(self, root: &Path) -> CacheSetting {
        match self {
            YesOrFolder::Yes(true) => CacheSetting::On,
            YesOrFolder::Yes(false) => CacheSetting::Off,
            YesOrFolder::Folder(folder) => CacheSetting::In(root.join(folder)),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a path or a list of paths")]
enum OneOrMany {
    One(PathBuf),
    Many(Vec<PathBuf>),
}

impl OneOrMany {
    fn into_paths(self) -> Vec<PathBuf> {
        match self {
            OneOrMany::One(path) => vec![path],
            OneOrMany::Many(paths) => paths,
        }
    }
}

impl File {
    fn settings(self, root: &Path) -> Result<Settings, WrongValue> {
        let defaults = Settings::in_folder(root);
        let whole = |path: PathBuf| root.join(path);
        let email = self.channels.and_then(|channels| channels.email);
        Ok(Settings {
            meaning: Configuration {
                currency: self.currency.map_or(Ok(defaults.meaning.currency), currency)?,
                zone_written: self.zone.is_some(),
                expire_written: self.expire.is_some(),
                zone: self.zone.map_or(Ok(defaults.meaning.zone), zone)?,
                expire: self.expire.map_or(Ok(defaults.meaning.expire), expire)?,
                webhooks: self.webhooks.keys().cloned().collect(),
            },
            crm: self.crm.map(whole),
            state: self.state.map(whole),
            outbox: self.outbox.map_or(defaults.outbox, whole),
            cache: self.cache.map_or(CacheSetting::Off, |cache| cache.setting(root)),
            email: email.map(EmailTable::settings).transpose()?,
            webhooks: (self.webhooks.into_iter())
                .map(|(name, webhook)| Ok((name, webhook.settings(root)?)))
                .collect::<Result<_, _>>()?,
            sample: self.sample.map(|sample| Sample {
                csv: whole(sample.csv),
                with: sample.with.into_paths().into_iter().map(whole).collect(),
            }),
            levels: levels(self.check.levels)?,
            pages: self.check.pages.map(pages).transpose()?,
        })
    }
}

impl EmailTable {
    fn settings(self) -> Result<Email, WrongValue> {
        let sender = mailbox(&self.from, None)?;
        if let Some(reply_to) = &self.reply_to {
            mailbox(reply_to, Some(reply_to.get_ref()))?;
        }
        let host = self.server.as_ref().map(|server| server.host.span());
        let server = self.server.map(ServerTable::settings).transpose()?;
        if let (Some(server), Some(host)) = (&server, host)
            && let Err(error) = server.smtp(sender.from.domain(), None).judge()
        {
            let help =
                "write the name of a server, such as `smtp.shop.example`; `tls = \"none\"` is for `localhost` only";
            return Err(WrongValue::new(host, error.to_string(), help));
        }
        let reply_to = self.reply_to.map(Spanned::into_inner);
        Ok(Email { from: self.from.into_inner(), reply_to, server })
    }
}

impl ServerTable {
    fn settings(self) -> Result<Server, WrongValue> {
        let login = match (self.user, self.password) {
            (None, None) => None,
            (Some(user), Some(password)) => Some((user.into_inner(), reference(password, "a password")?)),
            (Some(alone), None) => {
                let help = "write `password = \"env:NAME\"` beside it, or leave both out";
                return Err(WrongValue::new(alone.span(), "`user` without `password`", help));
            }
            (None, Some(alone)) => {
                let help = "write `user = \"...\"` beside it, or leave both out";
                return Err(WrongValue::new(alone.span(), "`password` without `user`", help));
            }
        };
        Ok(Server {
            host: self.host.into_inner(),
            port: self.port.unwrap_or(self.tls.port()),
            tls: self.tls,
            login,
            connections: self.connections.map_or(Ok(4), connections)?,
        })
    }
}

/// The address that mails come from, or that answers go to: `reply_to` is then that address.
fn mailbox(text: &Spanned<String>, reply_to: Option<&str>) -> Result<EmailSettings, WrongValue> {
    let from = if reply_to.is_some() { "nobody@example.invalid" } else { text.get_ref() };
    EmailSettings::parse(from, reply_to).map_err(|error| {
        let help = match reply_to {
            Some(_) => "write an address, such as `\"service@shop.example\"`",
            None => "write a mailbox, such as `\"The shop <hello@shop.example>\"`",
        };
        WrongValue::new(text.span(), error.to_string(), help)
    })
}

fn currency(text: Spanned<String>) -> Result<Currency, WrongValue> {
    let letters = text.get_ref();
    if letters.len() == 3 && letters.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(Currency(text.into_inner()));
    }
    let message = format!("`{letters}` is not a currency");
    Err(WrongValue::new(text.span(), message, "write the three capital letters of ISO 4217, such as `EUR`"))
}

fn zone(text: Spanned<String>) -> Result<Zone, WrongValue> {
    let name = text.get_ref();
    Zone::named(name).ok_or_else(|| {
        let help = suggestion(name, Zone::names()).map_or_else(
            || "write a name of the IANA database, such as `Europe/Paris`".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        WrongValue::new(text.span(), format!("`{name}` is not a time zone"), help)
    })
}

fn expire(text: Spanned<String>) -> Result<Duration, WrongValue> {
    let written = text.get_ref();
    match Duration::parse(written) {
        Some(duration) if duration > Duration::ZERO => Ok(duration),
        Some(_) => Err(WrongValue::new(text.span(), "`expire` is not longer than zero", "write `2 days`, for example")),
        None => {
            let message = format!("`{written}` is not a duration");
            Err(WrongValue::new(text.span(), message, "write a number and a unit, such as `2 days`"))
        }
    }
}

impl WebhookTable {
    fn settings(self, root: &Path) -> Result<Webhook, WrongValue> {
        if !may_be_webhook(self.url.get_ref()) {
            let help = "write `https://...`; `http://` is for this machine alone: `http://localhost:8080/...`";
            return Err(WrongValue::new(self.url.span(), "this is no address of a webhook", help));
        }
        Ok(Webhook {
            url: self.url.into_inner(),
            secret: self.secret.map(|secret| reference(secret, "a secret")).transpose()?,
            authority: self.authority.map(|path| root.join(path)),
        })
    }
}

fn pages(url: Spanned<String>) -> Result<String, WrongValue> {
    let is_address = ["https://", "http://", "file:///"].iter().any(|scheme| url.get_ref().starts_with(scheme));
    if is_address && url.get_ref().chars().all(|letter| letter.is_ascii_graphic()) {
        return Ok(url.into_inner());
    }
    Err(WrongValue::new(url.span(), "this is no address of pages", "write `https://...`, without spaces"))
}

fn levels(written: BTreeMap<Spanned<String>, Spanned<String>>) -> Result<Levels, WrongValue> {
    let mut levels = Levels::default();
    let mut named: BTreeMap<Rule, String> = BTreeMap::new();
    for (name, value) in written {
        let Some(info) = Rule::find(name.get_ref()) else {
            let help = suggestion(name.get_ref(), RULES.iter().map(|info| info.name))
                .map_or_else(|| "`scn explain` lists all rules".to_owned(), |meant| format!("did you mean `{meant}`?"));
            return Err(WrongValue::new(name.span(), format!("no rule is called `{}`", name.get_ref()), help));
        };
        if let Some(first) = named.insert(info.rule, name.get_ref().clone()) {
            let message = format!("`{first}` and `{}` are one rule", name.get_ref());
            return Err(WrongValue::new(name.span(), message, "give it one level, by its name or by its code"));
        }
        let level = match value.get_ref().as_str() {
            "off" => None,
            word => Some(Level::named(word).ok_or_else(|| {
                let message = format!("`{word}` is not a level");
                WrongValue::new(value.span(), message, "write `\"error\"`, `\"warning\"`, `\"note\"` or `\"off\"`")
            })?),
        };
        if !levels.set(info, level) {
            let message = format!("`{}` is an error, and cannot be less", info.name);
            let help = format!("mend what it finds; `scn explain {}` shows how", info.code);
            return Err(WrongValue::new(value.span(), message, help));
        }
    }
    Ok(levels)
}

fn connections(number: Spanned<u16>) -> Result<usize, WrongValue> {
    match *number.get_ref() {
        count @ 1..=100 => Ok(usize::from(count)),
        _ => Err(WrongValue::new(number.span(), "`connections` is out of range", "write a number from 1 to 100")),
    }
}

/// Where a secret is kept, which is what `what` calls it.
fn reference(text: Spanned<String>, what: &str) -> Result<String, WrongValue> {
    if mask::is_reference(text.get_ref()) {
        return Ok(text.into_inner());
    }
    Err(WrongValue::new(
        text.span(),
        format!("{what} does not stand in this file"),
        "write `env:NAME` for a variable of the environment, or `file:PATH` for a file that only you can read",
    ))
}

#[cfg(test)]
mod tests;
