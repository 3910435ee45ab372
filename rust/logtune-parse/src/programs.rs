//! Who logs under a syslog tag. The tables are those of `logtune/postfix/families.py`; a test compares them.

use crate::dictionary::Dictionary;
use crate::families::{self, Family};
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
pub struct Program {
    /// Among the programs of the block; `None` where the line has no tag.
    pub number: Option<i32>,
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
            let reader = family_of(&own.daemon).and_then(families::reader).unwrap_or(families::OTHER);
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

    /// Instance, service and daemon.
    fn parts<'t>(&self, tag: &'t str) -> Parts<'t>
    where
        'c: 't,
    {
        match (self.own, self.parts) {
            (Some(own), _) => {
                [Some(own.instance.as_str()), own.service.as_deref(), Some(own.daemon.as_str())]
            }
            (None, Some((owner, daemon))) => {
                let service = if daemon > owner + 1 { some(cut(tag, owner + 1, daemon - 1)) } else { None };
                [some(cut(tag, 0, owner)), service, Some(after(tag, daemon))]
            }
            (None, None) => [Some(tag), None, None],
        }
    }
}

/// Instance, service and daemon of a program.
pub type Parts<'t> = [Option<&'t str>; 3];

/// Tells who logs under a tag: the site's own map first, then `instance/service/daemon`, then filters and syslog daemons.
pub struct Programs<'c> {
    own: Option<&'c Tags>,
    tags: Dictionary,
    kinds: Vec<Kind<'c>>,
}

impl<'c> Programs<'c> {
    pub fn new(own: Option<&'c Tags>) -> Self {
        Self { own, tags: Dictionary::default(), kinds: Vec::new() }
    }

    /// Who `tag` is.
    #[inline]
    pub fn find(&mut self, tag: &str) -> Program {
        let number = self.tags.number(tag);
        let kind = match usize::try_from(number).ok().and_then(|at| self.kinds.get(at)) {
            Some(kind) => kind,
            None => self.add(tag),
        };
        Program { number: Some(number), reader: kind.reader, filter: kind.filter, syslog: kind.syslog }
    }

    #[cold]
    fn add(&mut self, tag: &str) -> &Kind<'c> {
        let at = self.kinds.len();
        self.kinds.push(Kind::of(tag, self.own));
        &self.kinds[at]
    }

    /// Number of programs.
    pub fn count(&self) -> usize {
        self.kinds.len()
    }

    /// Instance, service and daemon of program `number`.
    pub fn parts(&self, number: i32) -> Parts<'_> {
        let kind = usize::try_from(number).ok().and_then(|at| self.kinds.get(at));
        kind.zip(self.tags.text(number)).map_or([None; 3], |(kind, tag)| kind.parts(tag))
    }
}
