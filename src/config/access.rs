//! The settings of who may come in, and the files that are read again on SIGHUP.

use std::path::PathBuf;

use clap::Args;

use super::BadSetting;
use super::source::toml_of;
use super::table::{Fault, Table};
use crate::access::{self, Doors, Key, Limits, MOST_KEYS, MaybeRate, Scope, Tokens};

const KEYS: [&str; 3] = ["name", "hash", "scopes"];

// What is written on the fields is the text of `--help`.
#[derive(Debug, Default, Args)]
pub(super) struct AccessLayer {
    /// A TOML file of `[[key]]` tables: who may use HTTP; SIGHUP has it read again
    #[arg(long, value_name = "FILE")]
    api_keys_file: Option<PathBuf>,

    /// The keys (a JWK set) that JWTs are signed with; a client may show such a token in place of a key; SIGHUP has it read again
    #[arg(long, value_name = "FILE")]
    jwt_jwks_file: Option<PathBuf>,

    /// Who must have given out a token: its `iss`
    #[arg(long, value_name = "TEXT")]
    jwt_issuer: Option<String>,

    /// Whom a token must be for: its `aud`
    #[arg(long, value_name = "TEXT")]
    jwt_audience: Option<String>,

    /// Web pages of which origin may use HTTP from a browser (CORS); a list [default: none]
    #[arg(long, value_name = "SCHEME://HOST[:PORT]", value_delimiter = ',', value_parser = origin)]
    cors_origin: Option<Vec<String>>,

    /// How many requests a second each key may make, and how many at once; 0: as many as it likes [default: 0]
    #[arg(long, value_name = "RATE[:BURST]")]
    rate_limit: Option<MaybeRate>,

    /// How many requests with a wrong key a second an address may make before none of its keys is looked at; 0: as many as it
    /// likes [default: 10:100]
    #[arg(long, value_name = "RATE[:BURST]")]
    failed_auth_limit: Option<MaybeRate>,
}

/// Who may come in.
#[derive(Clone, Debug)]
pub struct Access {
    /// What the files say, as they were at the start.
    pub doors: Doors,
    /// Those files.
    pub files: AccessFiles,
    /// How often somebody may ask.
    pub limits: Limits,
    /// The origins of web pages that may.
    pub cors_origins: Vec<String>,
}

/// Where keys and tokens are described, to be read again.
#[derive(Clone, Debug)]
pub struct AccessFiles {
    /// The key of the environment.
    environment: Option<Key>,
    config: Option<PathBuf>,
    keys: Option<PathBuf>,
    tokens: Option<TokenSettings>,
}

#[derive(Clone, Debug)]
struct TokenSettings {
    file: PathBuf,
    issuer: String,
    audience: String,
}

impl AccessLayer {
    /// What this source does not give, by the next one.
    pub(super) fn or(self, lower: Self) -> Self {
        Self {
            api_keys_file: self.api_keys_file.or(lower.api_keys_file),
            jwt_jwks_file: self.jwt_jwks_file.or(lower.jwt_jwks_file),
            jwt_issuer: self.jwt_issuer.or(lower.jwt_issuer),
            jwt_audience: self.jwt_audience.or(lower.jwt_audience),
            cors_origin: self.cors_origin.or(lower.cors_origin),
            rate_limit: self.rate_limit.or(lower.rate_limit),
            failed_auth_limit: self.failed_auth_limit.or(lower.failed_auth_limit),
        }
    }

    /// Reads the files, `config` among them.
    pub(super) fn complete(
        self,
        environment: Option<Key>,
        config: Option<PathBuf>,
    ) -> Result<Access, BadSetting> {
        let alone = |given, missing| BadSetting::Alone { given, missing };
        let tokens = match (self.jwt_jwks_file, self.jwt_issuer, self.jwt_audience) {
            (Some(file), Some(issuer), Some(audience)) => Some(TokenSettings { file, issuer, audience }),
            (None, None, None) => None,
            // Tokens that the issuer has given out for others are none of ours.
            (Some(_), None, _) => return Err(alone("--jwt-jwks-file", "--jwt-issuer")),
            (Some(_), _, None) => return Err(alone("--jwt-jwks-file", "--jwt-audience")),
            (None, Some(_), _) => return Err(alone("--jwt-issuer", "--jwt-jwks-file")),
            (None, ..) => return Err(alone("--jwt-audience", "--jwt-jwks-file")),
        };
        let files = AccessFiles { environment, config, keys: self.api_keys_file, tokens };
        let default = Limits::default();
        Ok(Access {
            doors: files.read()?,
            files,
            limits: Limits {
                requests: self.rate_limit.map_or(default.requests, |rate| rate.0),
                failures: self.failed_auth_limit.map_or(default.failures, |rate| rate.0),
            },
            cors_origins: self.cors_origin.unwrap_or_default(),
        })
    }
}

impl AccessFiles {
    /// Reads them, again.
    pub fn read(&self) -> Result<Doors, BadSetting> {
        let mut keys: Vec<Key> = self.environment.iter().cloned().collect();
        for (file, is_alone) in [(&self.config, false), (&self.keys, true)] {
            let Some(file) = file else { continue };
            for (name, value) in toml_of(file, if is_alone { "--api-keys-file" } else { "--config" })? {
                let bad = |Fault { key, fault }| BadSetting::Key { file: file.clone(), key, fault };
                match name.as_str() {
                    "key" => add_keys(value, &mut keys).map_err(bad)?,
                    _ if is_alone => return Err(bad(Fault::at(&name, "only [[key]] tables belong here"))),
                    _ => {}
                }
            }
        }
        Ok(Doors { keys, tokens: self.tokens.as_ref().map(tokens).transpose()? })
    }
}

fn tokens(settings: &TokenSettings) -> Result<Tokens, BadSetting> {
    let TokenSettings { file, issuer, audience } = settings;
    let bad = |fault: String| BadSetting::File { setting: "--jwt-jwks-file", file: file.clone(), fault };
    let text = std::fs::read_to_string(file).map_err(|error| bad(error.to_string()))?;
    Tokens::read(&text, issuer, audience).map_err(|fault| bad(fault.to_string()))
}

/// Adds the tables of `[[key]]`.
fn add_keys(value: toml::Value, keys: &mut Vec<Key>) -> Result<(), Fault> {
    for table in Table::list("key", value)? {
        let key = key(&table)?;
        if keys.iter().any(|other| other.name == key.name) {
            return Err(table.fault("name", "another key has it already"));
        }
        if keys.iter().any(|other| other.digest == key.digest) {
            return Err(table.fault("hash", "another key has it already"));
        }
        if keys.len() == MOST_KEYS {
            return Err(Fault::at("key", format!("at most {MOST_KEYS}")));
        }
        keys.push(key);
    }
    Ok(())
}

fn key(table: &Table) -> Result<Key, Fault> {
    table.has_only(&KEYS)?;
    let scopes = table.texts("scopes")?.ok_or_else(|| table.fault("scopes", "missing"))?;
    let scopes: Result<access::Scopes, _> = scopes.iter().map(|name| name.parse::<Scope>()).collect();
    let scopes = scopes.map_err(|bad| table.fault("scopes", bad.to_string()))?;
    if scopes.is_empty() {
        return Err(table.fault("scopes", "none: such a key would allow nothing"));
    }
    Ok(Key {
        name: table.required("name", access::key_name)?,
        digest: table
            .required("hash", |text| text.parse().map_err(|bad: access::BadDigest| bad.to_string()))?,
        scopes,
    })
}

/// An origin as browsers write it (RFC 6454 §6.2).
fn origin(text: &str) -> Result<String, &'static str> {
    let fault = "an origin as browsers write it: SCHEME://HOST[:PORT], in small letters and without a path";
    let (scheme, authority) = text.split_once("://").ok_or(fault)?;
    let is_scheme =
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || b"+-.".contains(&byte));
    let is_authority =
        |authority: &super::value::Advertise| !authority.host.bytes().any(|byte| byte.is_ascii_uppercase());
    match authority.parse() {
        Ok(authority) if is_scheme && is_authority(&authority) => Ok(text.to_owned()),
        _ => Err(fault),
    }
}
