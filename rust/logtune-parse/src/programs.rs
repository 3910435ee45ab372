//! Who logs under a syslog tag. The tables are those of `logtune/postfix/families.py`; a test compares them.

use crate::families::{self, Family, other};
use crate::text::{after, cut, some};
use std::collections::HashMap;

/// Last part of the tag to message family.
pub const FAMILIES: [(&str, &str); 56] = [
    ("anvil", "anvil"),
    ("bounce", "bounce"),
    ("cleanup", "cleanup"),
    ("defer", "bounce"),
    ("discard", "delivery"),
    ("dnsblog", "dnsblog"),
    ("error", "delivery"),
    ("flush", "other"),
    ("lmtp", "smtp"),
    ("local", "delivery"),
    ("master", "master"),
    ("nbdb_reindexd", "other"),
    ("nqmgr", "qmgr"),
    ("oqmgr", "qmgr"),
    ("pickup", "pickup"),
    ("pipe", "delivery"),
    ("postlogd", "other"),
    ("postscreen", "postscreen"),
    ("proxymap", "other"),
    ("qmgr", "qmgr"),
    ("qmqpd", "smtpd"),
    ("retry", "delivery"),
    ("scache", "scache"),
    ("showq", "other"),
    ("smtp", "smtp"),
    ("smtpd", "smtpd"),
    ("spawn", "other"),
    ("tlsmgr", "other"),
    ("tlsproxy", "tlsproxy"),
    ("trace", "bounce"),
    ("trivial-rewrite", "other"),
    ("verify", "other"),
    ("virtual", "delivery"),
    ("mailq", "other"),
    ("newaliases", "other"),
    ("post-install", "script"),
    ("postalias", "other"),
    ("postcat", "other"),
    ("postconf", "other"),
    ("postdrop", "other"),
    ("postfix", "script"),
    ("postfix-script", "script"),
    ("postfix-tls-script", "script"),
    ("postfix-tlspol", "other"),
    ("postfix-tlspolicy", "other"),
    ("postfix-wrapper", "script"),
    ("postkick", "other"),
    ("postlock", "other"),
    ("postlog", "script"),
    ("postmap", "other"),
    ("postmulti", "script"),
    ("postmulti-script", "script"),
    ("postqueue", "other"),
    ("postsuper", "postsuper"),
    ("posttls-finger", "smtp"),
    ("sendmail", "other"),
];

/// Programs that are Postfix's also without a slash in the tag, beside those whose names begin with `post`.
const UNSLASHED: [&str; 3] = ["trivial-rewrite", "dnsblog", "tlsproxy"];

/// First parts of tags that are not Postfix's, whatever follows: Debian's Cyrus logs `cyrus/master`.
pub const FOREIGN_OWNERS: [&str; 7] =
    ["amavis", "cyrus", "dovecot", "exim", "imap", "opensmtpd", "spamassassin"];

/// Whole tag of a content filter to its family.
pub const FILTERS: [(&str, &str); 6] = [
    ("amavis", "amavis"),
    ("amavisd", "amavis"),
    ("amavisd-new", "amavis"),
    ("rspamd", "rspamd"),
    ("rspamd_proxy", "rspamd"),
    ("spamd", "spamd"),
];

/// How the tags of programs begin that say when log lines were lost (`rsyslogd-2177` is one program).
pub const SYSLOGS: [&str; 4] = ["systemd-journal", "rsyslog", "syslogd", "syslog-ng"];

/// What a site says a tag stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    pub instance: String,
    pub service: Option<String>,
    pub daemon: String,
}

/// Tags that a site maps itself.
pub type Tags = HashMap<String, Tag>;

/// Who logs under a tag. `reader` is `None` for what is not Postfix; `filter`, `syslog`: what else it is.
#[derive(Clone, Copy, Default)]
pub struct Program<'t> {
    pub instance: Option<&'t str>,
    pub service: Option<&'t str>,
    pub daemon: Option<&'t str>,
    pub reader: Option<Family>,
    pub filter: Option<&'static str>,
    pub syslog: bool,
}

/// The family that `daemon` belongs to.
pub fn family_of(daemon: &str) -> Option<&'static str> {
    FAMILIES.iter().find(|(name, _)| *name == daemon).map(|(_, family)| *family)
}

/// Whether a tag without a slash is the Postfix program of that name.
pub fn is_unslashed(tag: &str) -> bool {
    family_of(tag).is_some() && (tag.starts_with("post") || UNSLASHED.contains(&tag))
}

/// What a tag stands for, without the tag itself.
#[derive(Clone, Copy, Default)]
struct Kind<'c> {
    own: Option<&'c Tag>,
    /// Length of the instance; where the daemon begins.
    parts: Option<(usize, usize)>,
    reader: Option<Family>,
    filter: Option<&'static str>,
    syslog: bool,
}

impl<'c> Kind<'c> {
    fn of(tag: &str, tags: Option<&'c Tags>) -> Self {
        if let Some(own) = tags.and_then(|tags| tags.get(tag)) {
            let reader = family_of(&own.daemon).and_then(families::reader).unwrap_or(other::read);
            return Self { own: Some(own), reader: Some(reader), ..Self::default() };
        }
        if let Some((owner, rest)) = tag.split_once('/') {
            let daemon = rest.rsplit('/').next().unwrap_or(rest);
            let reader = family_of(daemon).and_then(families::reader);
            if reader.is_some() && !FOREIGN_OWNERS.contains(&owner) {
                return Self {
                    parts: Some((owner.len(), tag.len() - daemon.len())),
                    reader,
                    ..Self::default()
                };
            }
        } else if is_unslashed(tag) {
            let reader = family_of(tag).and_then(families::reader);
            return Self { parts: Some((tag.len(), 0)), reader, ..Self::default() };
        }
        Self {
            filter: FILTERS.iter().find(|(name, _)| *name == tag).map(|(_, filter)| *filter),
            syslog: SYSLOGS.iter().any(|start| tag.starts_with(start)),
            ..Self::default()
        }
    }

    fn program<'t>(&self, tag: &'t str) -> Program<'t>
    where
        'c: 't,
    {
        let mut program =
            Program { reader: self.reader, filter: self.filter, syslog: self.syslog, ..Program::default() };
        (program.instance, program.service, program.daemon) = match (self.own, self.parts) {
            (Some(own), _) => {
                (Some(own.instance.as_str()), own.service.as_deref(), Some(own.daemon.as_str()))
            }
            (None, Some((owner, daemon))) => {
                let service = if daemon > owner + 1 { some(cut(tag, owner + 1, daemon - 1)) } else { None };
                (some(cut(tag, 0, owner)), service, Some(after(tag, daemon)))
            }
            (None, None) => (Some(tag), None, None),
        };
        program
    }
}

/// So many tags are remembered; a log has a few dozen.
const SLOTS: usize = 128;

/// Tells who logs under a tag: the site's own map first, then `instance/service/daemon`, then filters and syslog daemons.
pub struct Programs<'c> {
    tags: Option<&'c Tags>,
    known: Vec<(String, Kind<'c>)>,
}

impl<'c> Programs<'c> {
    pub fn new(tags: Option<&'c Tags>) -> Self {
        Self { tags, known: vec![(String::new(), Kind::of("", tags)); SLOTS] }
    }

    /// Who `tag` is.
    pub fn find<'t>(&mut self, tag: &'t str) -> Program<'t>
    where
        'c: 't,
    {
        let Some((name, kind)) = self.known.get_mut(slot(tag)) else {
            return Kind::of(tag, self.tags).program(tag);
        };
        if name != tag {
            *kind = Kind::of(tag, self.tags);
            name.clear();
            name.push_str(tag);
        }
        kind.program(tag)
    }
}

/// Where `tag` is remembered: tags differ in length and in their last letters.
fn slot(tag: &str) -> usize {
    let letter = |back| usize::from(tag.len().checked_sub(back).map_or(0, |at| tag.as_bytes()[at]));
    (tag.len() ^ letter(1) << 2 ^ letter(2) << 4 ^ letter(4)) % SLOTS
}
