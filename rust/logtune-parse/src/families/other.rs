//! What any daemon may say and nobody counts: `other` (`src/global`, `src/util`, libraries under Postfix's tag).

use crate::records::{Notice, Record};
use crate::text::Pattern;

pub static NEWS: Pattern = Pattern::new(concat!(
    r"\A(?:(?:table )?~U+ has changed -- [a-z]|ignoring DNS RR|using backwards-compatible |(?:cache|close database) |",
    r"mapping DSN status |discarding EHLO keywords|replacing (?:command|server reply) |",
    r"bounced: |statistics: |",
    r"(?:open|close|opened|closed) (?:database|table) |disconnect(?:ed)? (?:from|to) (?:database|server)|",
    r"connected to |Connected to |reconnect|retrying|",
    r"< ~U+\[|> ~U+\[|", // debug_peer_list: the protocol itself
    // Cyrus SASL and its plugins
    r"looking for plugins in|unable to dlopen |auxpropfunc|No worthy mechs|",
    r"(?:sql|ldapdb|auxprop|sasl|SASL|DIGEST-MD5|GSSAPI|NTLM|CRAM-MD5|OTP)[ _]|",
    r"could not find auxprop|begin transaction|commit transaction|",
    // commands
    r"(?:postfix/)?~L+: (?:fatal|warning|error): |Recipient addresses must be specified|",
    // rebuilt tables (3.11)
    r"(?:re)?build(?:ing)? |(?:successfully )?(?:executed|created|converted|indexed) )",
));

/// Row of a line that is known and means nothing for an analysis.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    NEWS.is_match(text).then(|| Notice::info("other", text).into())
}
